import { Component, type ReactElement, type ReactNode } from 'react';

type Props = { readonly children: ReactNode };

/** Says so when a part of the site does not load, e.g. because a newer version has replaced it meanwhile. */
export class LoadBoundary extends Component<Props, { readonly hasFailed: boolean }> {
  override readonly state = { hasFailed: false };

  static getDerivedStateFromError(): { hasFailed: boolean } {
    return { hasFailed: true };
  }

  override render(): ReactNode {
    return this.state.hasFailed ? <LoadFailure /> : this.props.children;
  }
}

function LoadFailure(): ReactElement {
  return (
    <main className="page" role="alert">
      <h1>This page did not load</h1>
      <p className="muted">A part of it is missing. The site may just have been renewed.</p>
      <button type="button" className="button" onClick={() => location.reload()}>
        Load it again
      </button>
    </main>
  );
}
