/** The origin did not give what was asked; `status` is 0 when it could not be reached. The message is for people. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message?: string,
  ) {
    super(message ?? (status === 0 ? 'The origin cannot be reached.' : `The origin answered ${status}.`));
  }
}

/** What is sent. */
export type JsonRequest = {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly body?: unknown;
  /** Sent as it is, instead of a body. */
  readonly file?: File;
  readonly signal?: AbortSignal;
};

/**
 * Asks the origin; returns the JSON of its answer, undefined where that is empty.
 *
 * @throws ApiError with the origin's own sentence where it gives one; the signal's error once it is aborted
 */
export async function requestJson(path: string, { method = 'GET', body, file, signal }: JsonRequest = {}): Promise<unknown> {
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers: { accept: 'application/json', ...contentType({ body, file }) },
      ...(file ? { body: file } : body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal ? { signal } : {}),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(0);
  }
  const text = await response.text();
  if (!response.ok) throw new ApiError(response.status, sentenceIn(text));
  return text === '' ? undefined : parseJson(text);
}

/** A file that is not told to be one would be sent as what its name suggests. */
function contentType({ body, file }: { readonly body: unknown; readonly file: File | undefined }): Record<string, string> {
  if (file) return { 'content-type': 'application/octet-stream' };
  return body === undefined ? {} : { 'content-type': 'application/json' };
}

/** The sentence in the body of a refusal. */
export function sentenceIn(text: string): string | undefined {
  const refusal = parseJson(text);
  if (typeof refusal !== 'object' || refusal === null || !('error' in refusal)) return undefined;
  return typeof refusal.error === 'string' && refusal.error !== '' ? refusal.error : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
