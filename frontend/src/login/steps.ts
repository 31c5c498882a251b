/** What signing in takes next. Both the login page and the dialog over a page go by it. */

import { api, ask } from '../api/client'
import type { components } from '../api/schema'
import { texts } from './texts'

export type Session = components['schemas']['SessionResponse']

export type Step = 'token' | 'secure' | 'password' | 'code'

export type FieldName = keyof typeof texts.fields

export type FieldSpec = {
  name: FieldName
  autoComplete: 'one-time-code' | 'new-password' | 'current-password' | 'off'
  secret: boolean
}

export type Given = Partial<Record<FieldName, string>>

const SHORTEST = 8 // characters, as in core/operator.py

const NEW: readonly FieldSpec[] = [
  { name: 'newPassword', autoComplete: 'new-password', secret: true },
  { name: 'repeated', autoComplete: 'new-password', secret: true },
]

export const FIELDS: Record<Step, readonly FieldSpec[]> = {
  token: [{ name: 'token', autoComplete: 'off', secret: false }, ...NEW],
  secure: NEW,
  password: [{ name: 'password', autoComplete: 'current-password', secret: true }],
  code: [{ name: 'code', autoComplete: 'one-time-code', secret: false }],
}

export const HINTS: Given = { newPassword: texts.passwordHint(SHORTEST) }

/** Null: nothing more. Whoever is in without a password may still set one. */
export function nextStep(session: Session, wantsPassword = false): Step | null {
  if (session.totpRequiredOnLogin) return 'code'
  if (session.authenticated) return wantsPassword && !session.passwordRequired ? 'secure' : null
  return session.bootstrapRequired ? 'token' : 'password'
}

/** What is wrong with the form, before it is sent. */
export function fault(given: Given): { field: FieldName; text: string } | null {
  const { newPassword, repeated } = given
  if (newPassword === undefined) return null
  if (newPassword.length < SHORTEST) return { field: 'newPassword', text: texts.tooShort(SHORTEST) }
  return newPassword === repeated ? null : { field: 'repeated', text: texts.different }
}

/** Where a refusal belongs. */
export const LAST_FIELD: Record<Step, FieldName> = {
  token: 'token',
  secure: 'newPassword',
  password: 'password',
  code: 'code',
}

/** Throws `Problem`. */
export function send(step: Step, given: Given): Promise<Session> {
  switch (step) {
    case 'code': {
      const body = { code: given.code ?? '' }
      return ask(api.POST('/api/dashboard-auth/totp/verify', { body }))
    }
    case 'password': {
      const body = { password: given.password ?? '' }
      return ask(api.POST('/api/dashboard-auth/password/login', { body }))
    }
    default: {
      const bootstrapToken = given.token?.trim() || null
      const body = { password: given.newPassword ?? '', bootstrapToken }
      return ask(api.POST('/api/dashboard-auth/password/setup', { body }))
    }
  }
}

export const currentSession = () => ask(api.GET('/api/dashboard-auth/session'))
