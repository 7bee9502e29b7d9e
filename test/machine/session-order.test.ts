import fc from "fast-check";
import { expect, test } from "vitest";
import { type InOrder, SessionOrder } from "../../src/machine/session-order.ts";

interface Item extends InOrder {
  readonly name: number;
}

/** By the links, from both ends. */
function listed(order: SessionOrder<Item>): number[] {
  const names: number[] = [];
  let last: Item | undefined;
  for (let item = order.oldest; item !== undefined; item = item.younger) {
    expect(item.older).toBe(last);
    names.push(item.name);
    last = item;
  }
  return names;
}

test("it is as a list from which the one that is used goes to the end", () => {
  const steps = fc.array(fc.record({ item: fc.nat(5), remove: fc.boolean() }), { maxLength: 60 });
  fc.assert(fc.property(steps, (all) => {
    const items: Item[] = Array.from({ length: 6 }, (_, name) => ({ name }));
    const order = new SessionOrder<Item>();
    let model: number[] = [];
    for (const { item, remove } of all) {
      model = model.filter((name) => name !== item);
      if (remove) order.remove(items[item]!);
      else {
        order.makeYoungest(items[item]!);
        model.push(item);
      }
      expect(listed(order)).toEqual(model);
    }
  }));
});
