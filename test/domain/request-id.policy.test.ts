import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createRequestId } from '../../src/domain/request-id.ts';

const NOW_MS = Date.parse('2026-06-15T12:00:00.123Z');

it('is a UUID of version 7 that begins with its time', () => {
  const id = createRequestId(NOW_MS + 0.9);
  expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16)).toBe(NOW_MS);
});

it('begins with the time of any moments in any order', () => {
  const moment = fc.integer({ min: 0, max: 2 ** 48 - 1 });
  fc.assert(
    fc.property(
      fc.array(fc.tuple(moment, fc.constantFrom(0, 1, 0xff, 0x100, 0xffff, 0x10000))),
      (moments) => {
        for (const nowMs of moments.flatMap(([first, later]) => [
          first,
          Math.min(first + later, 2 ** 48 - 1),
        ]))
          expect(Number.parseInt(createRequestId(nowMs).replaceAll('-', '').slice(0, 12), 16)).toBe(nowMs);
      },
    ),
  );
});

it('is like no other, and later ones sort behind', () => {
  const ids = Array.from({ length: 1_000 }, (_, i) => createRequestId(NOW_MS + i));
  expect(new Set(ids.map((id) => id.slice(14))).size).toBe(1_000);
  expect([...ids].sort()).toEqual(ids);
});

it.each([0, -5])('a clock that stands at %d gives one as well', (nowMs) => {
  expect(createRequestId(nowMs)).toMatch(/^00000000-0000-7/);
});
