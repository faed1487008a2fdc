/** What the bench sends to a process of its own. */
type Call = { readonly call: number; readonly method: string; readonly params: unknown };
/** What comes back: the result, or why there is none. */
export type CallAnswer = { readonly call: number } & ({ readonly result: unknown } | { readonly problem: string });

/** Methods of a process by name: each takes one value and gives one. */
export type Methods = Readonly<Record<string, (params: never) => unknown>>;

const known = new Map<string, (params: never) => unknown>();
/** Calls of methods that this process does not know yet: its modules load one after the other. */
let early: Call[] = [];

/**
 * Answers calls that come over this process's channel to the bench; may be called for several sets of
 * methods. When the bench is gone, so is this process.
 */
export function answerCalls(methods: Methods): void {
  if (known.size === 0) {
    process.on('message', (message) => take(message as Call));
    process.once('disconnect', () => process.exit());
  }
  for (const [name, method] of Object.entries(methods)) known.set(name, method);
  const waiting = early;
  early = [];
  for (const call of waiting) take(call);
}

function take(call: Call): void {
  const method = known.get(call.method);
  if (method) void answer(call, method).then((answered) => process.send?.(answered));
  else early.push(call);
}

async function answer({ call, params }: Call, method: Methods[string]): Promise<CallAnswer> {
  try {
    return { call, result: await method(params as never) };
  } catch (error) {
    return { call, problem: error instanceof Error ? error.message : String(error) };
  }
}
