import { systemClock } from '../src/domain/clock.ts';
import { parseSources } from '../src/egress/list/read.ts';
import type { Source } from '../src/egress/sources/source.ts';
import { createSourceTools, type SourceTools } from '../src/egress/sources/tools.ts';

/** The exits of a text as `PROXY_URLS` holds it. TLS sessions are shared within one call. */
export const exitsOf = (list: string, tools: Partial<SourceTools> = {}): Source[] =>
  parseSources(list, createSourceTools(systemClock, tools));
