import { Link } from 'wouter'

import { Page } from '../ui/Page'
import { ROUTES } from './routes'
import { texts } from './texts'

export function NotFound() {
  return (
    <Page title={texts.notFound}>
      <p className="mb-4 max-w-prose text-muted">{texts.notFoundText}</p>
      <ul className="grid max-w-xs gap-1">
        {ROUTES.map(({ name, path, icon: Icon }) => (
          <li key={name}>
            <Link
              href={path}
              className="flex h-9 touch:h-11 items-center gap-2 text-accent underline"
            >
              <Icon aria-hidden="true" className="size-4" />
              {texts.pages[name]}
            </Link>
          </li>
        ))}
      </ul>
    </Page>
  )
}
