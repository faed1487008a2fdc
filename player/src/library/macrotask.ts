/** Runs tasks soon, in order, each from a stack of its own. */
export interface MacrotaskQueue {
  post(task: () => void): void;
  /** Forgets what has not run. */
  close(): void;
}

/**
 * A queue on a MessageChannel: a hidden page's `setTimeout` waits up to a second (or a minute),
 * a message does not.
 */
export function createMacrotaskQueue(): MacrotaskQueue {
  const channel = new MessageChannel();
  const tasks: (() => void)[] = [];
  channel.port1.onmessage = () => {
    tasks.shift()?.();
  };
  return {
    post(task) {
      tasks.push(task);
      channel.port2.postMessage(undefined);
    },
    close() {
      tasks.length = 0;
      channel.port1.close();
    },
  };
}
