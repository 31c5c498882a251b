import { CircleCheck, CircleDashed } from 'lucide-react'
import { Link } from 'wouter'

import type { Schema } from '../api/queries'
import { Card } from '../ui/Card'
import { texts } from './texts'

/** In the place of empty figures, until the first request was answered. */
export function Checklist({ setup }: { setup: Schema['Setup'] }) {
  const { secure, secureText, account, accountText, client, clientText } = texts.setup
  const steps = [
    { is: setup.isSecured, name: secure, text: secureText, href: '/settings/security' },
    { is: setup.hasAccounts, name: account, text: accountText, href: '/accounts/new' },
    { is: setup.hasRequests, name: client, text: clientText, href: '/connect' },
  ]
  return (
    <Card title={texts.setup.title}>
      <ol className="grid gap-3 lg:grid-cols-3">
        {steps.map(({ is, name, text, href }) => {
          const Mark = is ? CircleCheck : CircleDashed
          return (
            <li key={href} className="flex gap-2">
              <Mark
                aria-hidden="true"
                className={`mt-0.5 size-4 shrink-0 ${is && 'text-serving'}`}
              />
              <div>
                <Link href={href} className="rounded font-medium text-accent underline">
                  {name}
                </Link>
                <span className="sr-only">, {is ? texts.setup.done : texts.setup.toDo}</span>
                <p className="text-sm text-muted">{text}</p>
              </div>
            </li>
          )
        })}
      </ol>
    </Card>
  )
}
