// Aligned columns, two spaces apart, without boxes: readable in a terminal, in a log and by awk. Cells must be visible text (terminal.ts).

import { stripVTControlCharacters } from "node:util";
import { paint } from "./terminal.ts";

export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => string;
  readonly align?: "left" | "right";
}

export function renderTable<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string {
  const cells = rows.map((row) => columns.map((column) => column.cell(row)));
  const widths = columns.map((column, place) => Math.max(column.title.length, ...cells.map((line) => width(line[place] ?? ""))));
  const line = (texts: readonly string[]): string =>
    texts.map((text, place) => pad(text, widths[place] ?? 0, columns[place]?.align)).join("  ").trimEnd();
  const head = line(columns.map((column) => column.title));
  return [paint("bold", head), ...cells.map(line)].join("\n");
}

function pad(text: string, wanted: number, align: "left" | "right" | undefined): string {
  const space = " ".repeat(Math.max(0, wanted - width(text)));
  return align === "right" ? space + text : text + space;
}

function width(text: string): number {
  return stripVTControlCharacters(text).length;
}
