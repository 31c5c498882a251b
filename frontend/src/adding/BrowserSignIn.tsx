import { TriangleAlert } from 'lucide-react'

import { Fold } from '../ui/Fold'
import { isNear } from './near'
import { OutLink } from './OutLink'
import { PasteAddress } from './PasteAddress'
import { SignIn, type SignInProps } from './SignIn'
import { texts } from './texts'

const said = texts.browser

export function BrowserSignIn(props: SignInProps) {
  const near = isNear(window.location.hostname)
  return (
    <SignIn method="browser" {...props}>
      {({ flowId, authorizationUrl, warning }) => {
        const lost = warning ?? (near ? null : said.far)
        return (
          <>
            <p>{said.text}</p>
            {lost && (
              <p role="note" className="flex gap-2 rounded border border-line bg-soft px-3 py-2">
                <TriangleAlert aria-hidden="true" className="mt-0.5 size-4 shrink-0 text-low" />
                <span className="min-w-0 break-words">{lost}</span>
              </p>
            )}
            <p>
              <OutLink href={authorizationUrl ?? ''}>{said.open}</OutLink>
            </p>
            <Fold title={said.help} isOpen={lost !== null}>
              <p className="text-muted">{said.helpText}</p>
              <PasteAddress flowId={flowId} />
            </Fold>
          </>
        )
      }}
    </SignIn>
  )
}
