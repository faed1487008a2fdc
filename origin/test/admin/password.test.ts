import { expect, it } from 'vitest';

import { hashPassword, isPassword, MIN_PASSWORD_CHARACTERS, newPassword } from '../../src/admin/password.js';

it('knows a password by its hash, and no other', async () => {
  const hash = await hashPassword('Größe der Äpfel');
  expect(hash).not.toContain('Äpfel');
  expect(await isPassword('Größe der Äpfel', hash)).toBe(true);
  // The same letters, composed of other characters.
  expect(await isPassword('Größe der Äpfel'.normalize('NFD'), hash)).toBe(true);
  expect(await isPassword('größe der Äpfel', hash)).toBe(false);
  expect(await hashPassword('Größe der Äpfel')).not.toBe(hash);
});

it('takes what is no hash for no password', async () => {
  for (const hash of ['', 'plain', 'scrypt$32768$8$1$short$short', `md5$1$1$1$${'a'.repeat(22)}$${'a'.repeat(43)}`]) expect(await isPassword('plain', hash)).toBe(false);
});

it('makes passwords that may be chosen, each another', () => {
  const made = new Set(Array.from({ length: 100 }, newPassword));
  expect(made.size).toBe(100);
  for (const password of made) {
    expect(password).toMatch(/^([a-z2-9]{4}-){3}[a-z2-9]{4}$/);
    expect(password.length).toBeGreaterThanOrEqual(MIN_PASSWORD_CHARACTERS);
  }
});
