/** The worker's built file: beside this one where it is built or bundled, in dist where a test runs from the sources. */
export function workerEntry(): string {
  const here = new URL('./worker.js', import.meta.url)
  return (import.meta.url.endsWith('.ts') ? new URL('../dist/worker.js', import.meta.url) : here).href
}
