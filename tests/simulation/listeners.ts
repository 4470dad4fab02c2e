/** Counts the listeners of a signal, to see that none is left behind. */

/** Watches a signal from now on; answers how many listeners it has. */
export function watchListeners(signal: AbortSignal): () => number {
  const listeners = new Set<unknown>();
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (type: string, listener: unknown, options?: unknown) => {
    listeners.add(listener);
    addEventListener.call(signal, type, listener as EventListener, options as undefined);
  };
  signal.removeEventListener = (type: string, listener: unknown) => {
    listeners.delete(listener);
    removeEventListener.call(signal, type, listener as EventListener);
  };
  return () => listeners.size;
}
