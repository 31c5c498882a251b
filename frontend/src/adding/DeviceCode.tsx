import { Share2 } from 'lucide-react'

import { Button } from '../ui/Button'
import { CopyButton } from '../ui/CopyButton'
import { Countdown } from './Countdown'
import { OutLink } from './OutLink'
import { SignIn, type SignInProps } from './SignIn'
import { texts } from './texts'

const said = texts.device

export function DeviceCode(props: SignInProps) {
  return (
    <SignIn method="device" {...props}>
      {({ flowId, userCode, verificationUrl, expiresInSeconds }) => {
        const code = userCode ?? ''
        const url = verificationUrl ?? ''
        return (
          <>
            <p>{said.text}</p>
            <div className="flex items-center justify-between gap-2 rounded border border-edge bg-soft py-3 pr-2 pl-4">
              <output
                aria-label={said.code}
                className="min-w-0 font-mono text-2xl font-semibold tracking-wider break-all select-all"
              >
                {code}
              </output>
              <CopyButton text={code} label={said.copyCode} />
            </div>
            <Countdown key={flowId} seconds={expiresInSeconds ?? 0} />
            <div className="flex flex-wrap items-center gap-2">
              <OutLink href={url}>{said.open}</OutLink>
              {'share' in navigator && (
                <Button onClick={() => void share(url, code)}>
                  <Share2 aria-hidden="true" className="size-4" />
                  {said.share}
                </Button>
              )}
            </div>
            <p className="flex items-center gap-1 text-sm text-muted">
              <span className="min-w-0 break-all select-all">{url}</span>
              <CopyButton text={url} label={said.copyLink} />
            </p>
            <p className="text-sm text-muted">{said.warning}</p>
          </>
        )
      }}
    </SignIn>
  )
}

/** Whoever closes the phone's own sheet has not failed. */
async function share(url: string, code: string): Promise<void> {
  await navigator.share({ text: said.shared(url, code), url }).catch(() => undefined)
}
