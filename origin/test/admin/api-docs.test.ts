import { afterEach, beforeEach, expect, it } from 'vitest';

import { openAdministration, type Administration } from './admin-fixture.js';

const ADDRESS = 'http://192.0.2.1:8080';

let admin: Administration;
beforeEach(async () => {
  admin = await openAdministration();
});
afterEach(() => admin.close());

it.each(['/api/admin/docs', '/api/admin/docs/'])('%s names styles and scripts that are there', async (path) => {
  const page = await admin.server.inject(path);
  const named = [...page.body.matchAll(/(?:href|src)="([^"]+)"/g)].map(([, asset = '']) => new URL(asset, ADDRESS + path));
  expect(named.length).toBeGreaterThan(4);
  for (const { origin, pathname } of named) {
    expect(origin).toBe(ADDRESS);
    expect([pathname, (await admin.server.inject(pathname)).statusCode]).toEqual([pathname, 200]);
  }
});

it('may be read at an address without TLS, and asks nothing of other sites', async () => {
  const policy = String((await admin.server.inject('/api/admin/docs')).headers['content-security-policy']);
  expect(policy).toContain("default-src 'self'");
  expect(policy).not.toMatch(/upgrade-insecure-requests|https?:|\*/);
});
