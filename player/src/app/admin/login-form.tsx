import { useState, type ReactElement } from 'react';
import { adminApi } from './admin-api.js';
import { useTask } from './use-task.js';

/** Asks for the password. */
export function LoginForm({ onLoggedIn }: { readonly onLoggedIn: () => void }): ReactElement {
  const [password, setPassword] = useState('');
  const { isBusy, problem, run } = useTask();
  return (
    <form
      className="login card"
      onSubmit={(event) => {
        event.preventDefault();
        void run(() => adminApi.logIn(password)).then((isIn) => {
          if (isIn) onLoggedIn();
        });
      }}
    >
      <h1>Administration</h1>
      <p className="muted">
        The password was shown when the origin was first started. Lost? Run <code>npm run set-password</code> on the server.
      </p>
      {/* For password managers, which want to know whose password it is. */}
      <input type="text" name="username" autoComplete="username" value="admin" readOnly hidden />
      <div className="field">
        <label htmlFor="admin-password">Password</label>
        <input
          id="admin-password"
          className="input"
          type="password"
          autoComplete="current-password"
          autoFocus
          required
          value={password}
          aria-invalid={problem !== undefined}
          aria-describedby="login-problem"
          onChange={(event) => setPassword(event.target.value)}
        />
      </div>
      <p id="login-problem" className="problem" role="alert">
        {problem}
      </p>
      <button type="submit" className="button" disabled={isBusy || password === ''}>
        {isBusy ? 'Logging in …' : 'Log in'}
      </button>
    </form>
  );
}
