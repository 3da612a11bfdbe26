import { Pool } from 'undici';
import { type Budget, createBudget } from './budget.ts';
import type { Minted, Source } from './sources/source.ts';

const MAX_EJECTIONS = 6;
/** Weight of the newest success in the smoothed latency. */
const NEWEST = 0.2;

/** An address we leave from: a unit of budget, with what we know about its health. */
export interface Exit {
  readonly id: string;
  readonly label: string;
  readonly source: Source;
  readonly minted: Minted;
  readonly budget: Budget;
  readonly dispatcher: Pool;
  readonly bornAtMs: number;
  inFlight: number;
  /** Smoothed latency of successes, ms; null before the first. */
  latencyMs: number | null;
  /** Ejections in a row without a success between. */
  ejections: number;
  ejectedAtMs: number | null;
  /** From when on a probe may bring it back. */
  probeAtMs: number;
  probing: boolean;
  /** No new call is sent here; it is closed when the last one has ended. */
  retired: boolean;
}

export function createExit(
  source: Source,
  minted: Minted,
  origin: string,
  limit: number,
  nowMs: number,
): Exit {
  const dispatcher = new Pool(origin, {
    connect: minted.connect,
    allowH2: false,
    connections: minted.oneTunnel ? 1 : 32,
    pipelining: 1,
    keepAliveTimeout: 60_000,
    keepAliveMaxTimeout: 300_000,
    maxHeaderSize: 32 * 1024,
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  const exit: Exit = {
    id: minted.id,
    label: minted.label,
    source,
    minted,
    budget: createBudget(limit),
    dispatcher,
    bornAtMs: nowMs,
    inFlight: 0,
    latencyMs: null,
    ejections: 0,
    ejectedAtMs: null,
    probeAtMs: 0,
    probing: false,
    retired: false,
  };
  // A new tunnel of a rotating gateway leaves from another address: this exit ends with its first one.
  if (minted.oneTunnel) dispatcher.once('disconnect', () => retire(exit));
  return exit;
}

/** A success brings the exit back to health. */
export function noteSuccess(exit: Exit, latencyMs: number): void {
  noteLatency(exit, latencyMs);
  readmit(exit);
}

function noteLatency(exit: Exit, latencyMs: number): void {
  exit.latencyMs =
    exit.latencyMs === null ? latencyMs : exit.latencyMs + NEWEST * (latencyMs - exit.latencyMs);
}

export function readmit(exit: Exit): void {
  exit.ejections = 0;
  exit.ejectedAtMs = null;
}

/** Sets the exit aside: 1 s, doubled each time in a row, with full jitter. Our own address never is. */
export function eject(exit: Exit, nowMs: number, random: () => number): void {
  if (!exit.source.ejectable) return;
  exit.probeAtMs = nowMs + random() * 1_000 * 2 ** Math.min(exit.ejections, MAX_EJECTIONS);
  exit.ejections += 1;
  exit.ejectedAtMs = nowMs;
}

/** The lower the better: quick, idle, with much budget left. */
export function costOf(exit: Exit, left: number): number {
  return ((exit.latencyMs ?? 100) * (exit.inFlight + 1)) / left;
}

export function retire(exit: Exit): void {
  exit.retired = true;
  if (exit.inFlight === 0) exit.dispatcher.close().catch(() => {});
}
