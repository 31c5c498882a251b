/** The one way to the service: typed by its own description, patient while one signs in again. */

import createClient from 'openapi-fetch'

import { base } from '../lib/facts'
import { Problem } from './problem'
import type { paths } from './schema'
import { askToSignIn } from './session'

const SIGN_IN = `${base}/api/dashboard-auth/`

export const api = createClient<paths>({ baseUrl: base, fetch: patient })

/** The call again after a sign-in, so that nothing that was typed is lost. */
async function patient(request: Request): Promise<Response> {
  const again = request.clone()
  const response = await fetch(request)
  const isSignIn = new URL(request.url).pathname.startsWith(SIGN_IN)
  if (response.status !== 401 || isSignIn || !(await askToSignIn())) return response
  return fetch(again)
}

type Told<T> = { data?: T; error?: unknown; response: Response }

/** What was told. Throws `Problem`. */
export async function ask<T>(call: Promise<Told<T>>): Promise<T> {
  let told: Told<T>
  try {
    told = await call
  } catch (error) {
    throw Problem.of(error)
  }
  if (told.data !== undefined && told.response.ok) return told.data
  throw Problem.ofAnswer(told.error, told.response)
}

/** The same for an answer without a body. */
export async function tell(call: Promise<Told<unknown>>): Promise<void> {
  const { error, response } = await call.catch((reason: unknown) => {
    throw Problem.of(reason)
  })
  if (!response.ok) throw Problem.ofAnswer(error, response)
}
