import { Check, Copy } from 'lucide-react'
import { useEffect, useState } from 'react'

import { complain } from '../lib/messages'
import { common } from '../lib/texts'
import { IconButton } from './IconButton'

const SHOWN_MS = 2_000

type Props = { text: string; label?: string }

export function CopyButton({ text, label = common.copy }: Props) {
  const [copied, setCopied] = useState(false)
  useEffect(() => {
    if (!copied) return
    const timer = setTimeout(() => setCopied(false), SHOWN_MS)
    return () => clearTimeout(timer)
  }, [copied])

  async function copy() {
    if (await copyText(text)) setCopied(true)
    else complain(common.copyFailed)
  }

  return (
    <>
      <IconButton
        icon={copied ? Check : Copy}
        label={copied ? common.copied : label}
        onClick={() => void copy()}
      />
      <span role="status" className="sr-only">
        {copied ? common.copied : ''}
      </span>
    </>
  )
}

/** Without TLS and not on this machine, a browser has no clipboard for us. */
async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    return false
  }
}
