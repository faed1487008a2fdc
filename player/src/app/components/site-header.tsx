import type { ReactElement } from 'react';

/** The brand, which leads to the list. The same markup stands in index.html until this renders. */
export function SiteHeader(): ReactElement {
  return (
    <header className="site-header">
      <a className="brand" href="/" aria-label="P2PTV: all streams">
        <svg className="brand-mark" viewBox="0 0 32 32" aria-hidden="true">
          <g stroke="currentColor" strokeWidth="1.6" opacity=".5">
            <path d="M7 8.5 16 16M25 8.5 16 16M16 26V16" />
          </g>
          <circle cx="7" cy="8" r="3" fill="currentColor" />
          <circle cx="25" cy="8" r="3" fill="currentColor" />
          <circle cx="16" cy="26" r="3" fill="currentColor" />
          <path d="m13 11.6 7.6 4.4L13 20.4z" fill="#f4f7fb" />
        </svg>
        <span className="brand-name">P2PTV</span>
      </a>
    </header>
  );
}
