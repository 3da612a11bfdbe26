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

interface Language {
  readonly lang: string;
  readonly label: string;
  readonly target: Client[0];
  readonly client: Client[1];
  /** Where the generator stops before a reader has seen anything. */
  readonly finish?: (source: string) => string;
}

export const LANGUAGES: readonly Language[] = [
  { lang: 'Shell', label: 'curl', target: 'shell', client: 'curl' },
  {
    lang: 'TypeScript',
    label: 'TypeScript',
    target: 'js',
    client: 'fetch',
    finish: (fetching) => `const response = await ${fetching};\nconsole.log(await response.json());`,
  },
  { lang: 'Python', label: 'Python', target: 'python', client: 'python3' },
  { lang: 'Go', label: 'Go', target: 'go', client: 'native' },
  { lang: 'Java', label: 'Java', target: 'java', client: 'nethttp' },
  {
    lang: 'C#',
    label: 'C#',
    target: 'csharp',
    client: 'httpclient',
    finish: (sending) => `${sending}\nConsole.WriteLine(await response.Content.ReadAsStringAsync());`,
  },
  { lang: 'Ruby', label: 'Ruby', target: 'ruby', client: 'native' },
  { lang: 'PHP', label: 'PHP', target: 'php', client: 'curl' },
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
  return LANGUAGES.map(({ lang, label, target, client, finish = (source) => source }) => ({
    lang,
    label,
    source: finish(String(snippetz().print(target, client, request))),
  }));
}
