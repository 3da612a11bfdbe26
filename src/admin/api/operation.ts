import type { z } from 'zod';
import type { Once, Operator } from '../../domain/operator.ts';

/** What an operation is carried out with. */
export interface DoorRequest<Parameters, Body> {
  /** Of path and query. */
  readonly parameters: Parameters;
  readonly body: Body;
  /** From `Idempotency-Key`; null where none was sent. */
  readonly once: Once | null;
  readonly nowMs: number;
}

/** One line of the door's table: what is asked for, what comes back, and how it comes about. */
export interface Operation {
  readonly id: string;
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** As OpenAPI writes it: `/v1/keys/{id}`. */
  readonly path: string;
  readonly tag: string;
  /** Also the envelope's `message`. */
  readonly summary: string;
  readonly description?: string;
  /** Those of the path and those of the query together. */
  readonly parameters: z.ZodObject;
  /** Null where none is taken. */
  readonly body: z.ZodObject | null;
  readonly data: z.ZodType;
  run(asked: DoorRequest<never, never>, operator: Operator): Promise<unknown>;
}

interface Typed<Parameters extends z.ZodObject, Body extends z.ZodObject | null, Data extends z.ZodType>
  extends Omit<Operation, 'parameters' | 'body' | 'data' | 'run'> {
  readonly parameters: Parameters;
  readonly body: Body;
  readonly data: Data;
  run(
    asked: DoorRequest<z.output<Parameters>, Body extends z.ZodObject ? z.output<Body> : null>,
    operator: Operator,
  ): Promise<z.input<Data>>;
}

/** A line whose parts fit each other. */
export function operation<
  Parameters extends z.ZodObject,
  Body extends z.ZodObject | null,
  Data extends z.ZodType,
>(typed: Typed<Parameters, Body, Data>): Operation {
  return typed as unknown as Operation;
}

/** The names in braces of a path. */
export const namesInPath = (path: string): string[] =>
  [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
