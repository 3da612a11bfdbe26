import { Counter, Histogram, type Registry } from 'prom-client';
import type { AttemptEnded, Telemetry } from '../../domain/telemetry.ts';
import { createSourceLabel } from './source-label.ts';

const BUCKETS = [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15];

/** What is known of single requests through an exit. */
export function createAttemptMetrics(registry: Registry): Pick<Telemetry, 'attemptEnded'> {
  const registers = [registry];
  const sourceOf = createSourceLabel();
  const attempts = new Counter({
    name: 'gateway_attempts_total',
    help: 'Requests through an exit, by the entry of the list that made it and by how they ended.',
    labelNames: ['source', 'verdict'],
    registers,
  });
  const seconds = new Histogram({
    name: 'gateway_attempt_duration_seconds',
    help: 'How long requests through an exit took.',
    buckets: BUCKETS,
    registers,
  });
  const hedges = new Counter({
    name: 'gateway_hedges_total',
    help: 'Second requests made because the first was slow: `won` where they brought the answer.',
    labelNames: ['result'],
    registers,
  });
  const bytes = new Counter({
    name: 'gateway_exit_bytes_total',
    help: 'Bytes through exits, as their vendors bill them.',
    labelNames: ['source', 'direction'],
    registers,
  });
  for (const result of ['won', 'lost']) hedges.inc({ result }, 0);

  return {
    attemptEnded: (attempt) => {
      const source = sourceOf(attempt.source);
      attempts.labels(source, attempt.verdict).inc();
      seconds.observe(attempt.durationMs / 1_000);
      bytes.labels(source, 'up').inc(attempt.bytesUp);
      bytes.labels(source, 'down').inc(attempt.bytesDown);
      if (attempt.isHedge) hedges.labels(hasWon(attempt) ? 'won' : 'lost').inc();
    },
  };
}

const hasWon = ({ verdict }: AttemptEnded) => verdict === 'answered' || verdict === 'unchanged';
