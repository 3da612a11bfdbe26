import { snippetz } from '@scalar/snippetz';
import type { Endpoint } from '../src/endpoints/endpoint.ts';
import { parametersOf } from '../src/endpoints/parameters.ts';

/** One call in one language, as `x-codeSamples` has it. */
export interface CodeSample {
  readonly lang: string;
  readonly label: string;
  readonly source: string;
}

type Client = Parameters<ReturnType<typeof snippetz>['print']>;

const LANGUAGES: readonly (readonly [lang: string, label: string, target: Client[0], client: Client[1]])[] = [
  ['Shell', 'curl', 'shell', 'curl'],
  ['TypeScript', 'TypeScript', 'js', 'fetch'],
  ['Python', 'Python', 'python', 'python3'],
  ['Go', 'Go', 'go', 'native'],
  ['Java', 'Java', 'java', 'nethttp'],
  ['C#', 'C#', 'csharp', 'httpclient'],
  ['Ruby', 'Ruby', 'ruby', 'native'],
  ['PHP', 'PHP', 'php', 'curl'],
];

export const SAMPLE_HOST = 'https://api.oanor.com';
export const SAMPLE_KEY = 'YOUR_KEY';

/** A call of the row with its required parameters, in each language. */
export function codeSamplesOf(row: Endpoint): CodeSample[] {
  const queryString = parametersOf(row).flatMap(({ name, required, example }) =>
    required ? [{ name, value: String(example) }] : [],
  );
  const request = {
    method: 'GET',
    url: `${SAMPLE_HOST}/bitbucket-api${row.path}`,
    queryString,
    headers: [{ name: 'x-oanor-key', value: SAMPLE_KEY }],
  };
  return LANGUAGES.map(([lang, label, target, client]) => {
    const source = String(snippetz().print(target, client, request));
    return { lang, label, source: lang === 'TypeScript' ? awaited(source) : source };
  });
}

/** The generator leaves a promise; a reader wants what is in it. */
const awaited = (fetching: string) =>
  `const response = await ${fetching};\nconsole.log(await response.json());`;
