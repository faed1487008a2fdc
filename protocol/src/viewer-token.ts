/** Longest viewer token, characters: a link holds one for each origin. */
export const VIEWER_TOKEN_CHARACTERS = 1024;

/** The last step of an origin's address that holds a token: `<origin>/live/<slug>/~<token>`. */
const TOKEN_STEP = /\/~([\w.-]+)$/;
const VIEWER_TOKEN = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/** True for a text that has the form of a viewer token: a JWT (RFC 7519) of limited length. */
export function isViewerToken(value: string): boolean {
  return value.length <= VIEWER_TOKEN_CHARACTERS && VIEWER_TOKEN.test(value);
}

/**
 * An origin's base URL for whoever holds a token. The token is a step of the path, so that it goes
 * along with every address that is relative to a playlist's: any HLS player plays a private stream.
 */
export function withViewerToken(origin: string, token: string): string {
  return `${origin}/~${token}`;
}

/** The viewer token in the first of a stream's origins that has one, for the tracker. */
export function viewerTokenOf(origins: readonly string[]): string | undefined {
  return origins.map((origin) => TOKEN_STEP.exec(origin)?.[1]).find((token) => token !== undefined && isViewerToken(token));
}
