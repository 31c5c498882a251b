/** Whether the service still knows who we are; the page stays as it is while one signs in again. */

import { store } from '../lib/store'

/** True while a sign-in is due over the page. */
export const signInDue = store(false)

let waiting: ((signedIn: boolean) => void)[] = []

/** Ask for a sign-in and wait for it; false if there is to be none. */
export function askToSignIn(): Promise<boolean> {
  signInDue.set(true)
  return new Promise((resolve) => waiting.push(resolve))
}

/** Tell whoever waits how it went. */
export function signInEnded(signedIn: boolean): void {
  const told = waiting
  waiting = []
  signInDue.set(false)
  for (const resolve of told) resolve(signedIn)
}
