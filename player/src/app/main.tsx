import { lazy, StrictMode, Suspense, type ReactElement } from 'react';
import { createRoot } from 'react-dom/client';
import { LoadBoundary } from './components/load-boundary.js';
import { SiteHeader } from './components/site-header.js';
import { parseRoute, type Route } from './routes.js';
import { UnknownPage } from './pages/unknown-page.js';

const route = parseRoute(new URL(location.href));

// Asked for before React renders, so that code and page set up side by side.
const listPage = route.page === 'list' ? import('./pages/stream-list-page.js') : undefined;
// One bundle: they differ by little.
const watchPage = route.page === 'watch' || route.page === 'embed' ? import('./pages/watch-page.js') : undefined;
const studioPage = route.page === 'studio' ? import('./pages/studio-page.js') : undefined;
const adminPage = route.page === 'admin' ? import('./pages/admin-page.js') : undefined;

const StreamListPage = lazy(async () => ({ default: (await (listPage ?? import('./pages/stream-list-page.js'))).StreamListPage }));
const WatchPage = lazy(async () => ({ default: (await (watchPage ?? import('./pages/watch-page.js'))).WatchPage }));
const EmbedPage = lazy(async () => ({ default: (await (watchPage ?? import('./pages/watch-page.js'))).EmbedPage }));
const StudioPage = lazy(async () => ({ default: (await (studioPage ?? import('./pages/studio-page.js'))).StudioPage }));
const AdminPage = lazy(async () => ({ default: (await (adminPage ?? import('./pages/admin-page.js'))).AdminPage }));

function page(current: Route): ReactElement {
  switch (current.page) {
    case 'list':
      return <StreamListPage />;
    case 'watch':
      return <WatchPage target={current.target} isAutoplay={current.isAutoplay} />;
    case 'embed':
      return <EmbedPage target={current.target} isAutoplay={current.isAutoplay} />;
    case 'studio':
      return <StudioPage slug={current.slug} />;
    case 'admin':
      return <AdminPage section={current.section} />;
    case 'unknown':
      return <UnknownPage />;
  }
}

const container = document.getElementById('root');
if (container) {
  createRoot(container).render(
    <StrictMode>
      {route.page !== 'embed' && <SiteHeader />}
      <LoadBoundary>
        <Suspense fallback={<main className="page" aria-busy="true" />}>{page(route)}</Suspense>
      </LoadBoundary>
    </StrictMode>,
  );
}
