/** Whether a browser at `hostname` is on the service's own machine, as far as it can know. */
export function isNear(hostname: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(hostname)
}
