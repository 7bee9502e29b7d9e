// Which fields hold a secret, by name, wherever they appear: in logs and in printed configuration their values are masked (T20). Names, not values,
// decide, so a secret must be stored under a name that says so.

export const mask = "[redacted]";

const secretName = /(?:^|[a-z_-])(?:token|password|passphrase|secret|credential|authorization|(?:api|private|peer|client)[_-]?key)s?$/i;

/** "token", "rootToken", "db_password"; not "tokenFile", which names where it is. */
export function isSecretName(name: string): boolean {
  return secretName.test(name);
}
