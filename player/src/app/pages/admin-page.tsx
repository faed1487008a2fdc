import { useEffect, useState, type ReactElement } from 'react';
import { adminApi } from '../admin/admin-api.js';
import { ChannelsSection } from '../admin/channels-section.js';
import { HealthSection } from '../admin/health-section.js';
import { LoginForm } from '../admin/login-form.js';
import { RecordingsSection } from '../admin/recordings-section.js';
import { ApiError } from '../request-json.js';
import type { AdminSection } from '../routes.js';
import { usePolled } from '../use-polled.js';
import '../styles/admin.css';

/** How often it is looked whether the session still holds. */
const SESSION_CHECK_MS = 30_000;

const SECTIONS: readonly { readonly section: AdminSection; readonly path: string; readonly text: string }[] = [
  { section: 'channels', path: '/admin', text: 'Channels' },
  { section: 'recordings', path: '/admin/recordings', text: 'Recordings' },
  { section: 'health', path: '/admin/health', text: 'Health' },
];

/** Where channels are run, by whoever has the password. */
export function AdminPage({ section }: { readonly section: AdminSection }): ReactElement {
  const [version, setVersion] = useState(0);
  useEffect(() => {
    document.title = 'Administration · P2PTV';
  }, []);
  const { value: isLoggedIn, error } = usePolled(fetchIsLoggedIn, SESSION_CHECK_MS, version);
  const checkAgain = (): void => setVersion((current) => current + 1);
  if (error && isLoggedIn === undefined) return <Unavailable error={error} />;
  if (isLoggedIn === undefined) return <main className="page admin-page" aria-busy="true" />;
  if (!isLoggedIn) {
    return (
      <main className="page admin-page">
        <LoginForm onLoggedIn={checkAgain} />
      </main>
    );
  }
  return (
    <main className="page admin-page">
      <nav className="tabs" aria-label="Administration">
        {SECTIONS.map((item) => (
          <a key={item.section} href={item.path} aria-current={item.section === section ? 'page' : undefined}>
            {item.text}
          </a>
        ))}
        <button type="button" className="tab-end" onClick={() => void adminApi.logOut().then(checkAgain, checkAgain)}>
          Log out
        </button>
      </nav>
      <Section section={section} />
    </main>
  );
}

/** That nobody is logged in is an answer, no failure. */
async function fetchIsLoggedIn(signal: AbortSignal): Promise<boolean> {
  try {
    await adminApi.checkSession(signal);
    return true;
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return false;
    throw error;
  }
}

function Section({ section }: { readonly section: AdminSection }): ReactElement {
  switch (section) {
    case 'channels':
      return <ChannelsSection />;
    case 'recordings':
      return <RecordingsSection />;
    case 'health':
      return <HealthSection />;
  }
}

function Unavailable({ error }: { readonly error: Error }): ReactElement {
  const isAbsent = error instanceof ApiError && error.status === 404;
  return (
    <main className="page admin-page">
      <h1>Administration</h1>
      <p className="muted" role="status">
        {isAbsent ? 'This origin is run without it.' : `${error.message} Trying again …`}
      </p>
    </main>
  );
}
