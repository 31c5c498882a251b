/** The page that signs in: a few forms without a framework, because it must be there at once. */

import '../style.css'

import { Problem } from '../api/problem'
import { base, facts } from '../lib/facts'
import { element } from './element'
import {
  currentSession,
  FIELDS,
  type FieldSpec,
  fault,
  type Given,
  HINTS,
  LAST_FIELD,
  nextStep,
  type Session,
  type Step,
  send,
} from './steps'
import { texts } from './texts'

const OWN_PAGE = `${base}/login`
const isOwnPage = window.location.pathname === OWN_PAGE
const root = document.getElementById('root')

async function begin(): Promise<void> {
  const first = facts.first['/api/dashboard-auth/session']
  try {
    goOn((first as Session | undefined) ?? (await currentSession()))
  } catch (error) {
    show(element('p', { role: 'alert' }, Problem.of(error).message))
  }
}

/** The next form, or the page that was asked for. */
function goOn(session: Session): void {
  const step = nextStep(session, isOwnPage)
  if (step) show(...form(step, session))
  else if (isOwnPage) window.location.replace(`${base}/`)
  else window.location.reload()
}

function show(...content: HTMLElement[]): void {
  root?.replaceChildren(
    element(
      'div',
      { className: 'mx-auto mt-[12vh] w-[min(24rem,calc(100%-2rem))]' },
      element('p', { className: 'mb-4 text-lg font-semibold' }, texts.product),
      element('div', { className: 'rounded border border-line bg-card p-6' }, ...content),
    ),
  )
  root?.querySelector<HTMLElement>('input:not([hidden])')?.focus()
}

function form(step: Step, session: Session): HTMLElement[] {
  const title = texts.titles[step]
  document.title = `${title} · ${texts.product}`
  const heading = element('h1', { className: 'mb-2 text-xl font-semibold' }, title)
  const hasToken = step !== 'token' || session.bootstrapTokenConfigured
  const intro = hasToken ? texts.intros[step] : texts.noToken
  const said = intro ? [element('p', { className: 'mb-4 text-muted' }, intro)] : []
  if (!hasToken) return [heading, ...said]

  const fields = FIELDS[step].map(field)
  const button = element('button', { type: 'submit', className: BUTTON }, texts.sends[step])
  const whole = element(
    'form',
    { className: 'grid gap-4', noValidate: true },
    userName(),
    ...fields.map(({ box }) => box),
    button,
  )
  whole.addEventListener('submit', (event) => {
    event.preventDefault()
    void submit()
  })

  async function submit(): Promise<void> {
    if (button.disabled) return
    for (const { complain } of fields) complain('')
    const given: Given = {}
    for (const { spec, input } of fields) given[spec.name] = input.value
    const wrong = fault(given)
    if (wrong) return tell(wrong.field, wrong.text)
    button.disabled = true
    try {
      goOn(await send(step, given))
    } catch (error) {
      tell(LAST_FIELD[step], Problem.of(error).message)
    } finally {
      button.disabled = false
    }
  }

  function tell(name: FieldSpec['name'], text: string): void {
    const found = fields.find(({ spec }) => spec.name === name)
    found?.complain(text)
    found?.input.focus()
    found?.input.select()
  }

  const later = element(
    'a',
    { href: `${base}/`, className: 'mt-4 block text-center text-accent underline' },
    texts.onlyHere,
  )
  return step === 'secure' ? [heading, ...said, whole, later] : [heading, ...said, whole]
}

/** There is one operator; password managers want a name all the same. */
function userName(): HTMLElement {
  return element('input', { autocomplete: 'username', value: 'operator', hidden: true })
}

const BUTTON =
  'h-10 rounded bg-accent px-3 font-medium text-on-accent hover:opacity-90 disabled:opacity-50 touch:h-11'
const INPUT =
  'h-10 w-full rounded border border-edge bg-card px-2 text-lg aria-invalid:border-failed touch:h-11'

function field(spec: FieldSpec) {
  const { name } = spec
  const note = element(
    'p',
    { id: `${name}-note`, className: 'text-sm text-muted' },
    HINTS[name] ?? '',
  )
  const input = element('input', {
    id: name,
    name,
    type: spec.secret ? 'password' : 'text',
    className: spec.secret ? INPUT : `${INPUT} font-mono`,
    autocomplete: spec.autoComplete,
    autocapitalize: 'off',
    spellcheck: false,
    required: true,
  })
  input.setAttribute('aria-describedby', note.id)
  const label = element('label', { htmlFor: name, className: 'font-medium' }, texts.fields[name])

  function complain(text: string): void {
    note.textContent = text || (HINTS[name] ?? '')
    note.classList.toggle('text-failed', text !== '')
    note.classList.toggle('text-muted', text === '')
    if (text) {
      input.setAttribute('aria-invalid', 'true')
      note.setAttribute('role', 'alert')
    } else {
      input.removeAttribute('aria-invalid')
      note.removeAttribute('role')
    }
  }

  const box = element('div', { className: 'grid gap-1' }, label, input, note)
  return { spec, input, box, complain }
}

void begin()
