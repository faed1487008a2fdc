import type { ReactElement } from 'react';

/** For an address that names no page. */
export function UnknownPage(): ReactElement {
  return (
    <main className="page">
      <h1>Nothing here</h1>
      <p className="muted">
        This address names no page. <a href="/">See what is live.</a>
      </p>
    </main>
  );
}
