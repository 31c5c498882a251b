import { useQuery } from '@tanstack/react-query'
import { TriangleAlert } from 'lucide-react'

import { keys } from '../api/queries'
import { say } from '../lib/messages'
import { common } from '../lib/texts'
import { Switch } from '../ui/Switch'
import { useCheckKeys } from './changes'
import { texts } from './texts'

/** Says that keys are not asked for, with the switch right there. */
export function CheckingBanner() {
  const { data } = useQuery(keys)
  const check = useCheckKeys()
  if (!data || data.needsKey) return null

  function turn(on: boolean) {
    const undo = { label: common.undo, run: () => turn(!on) }
    check.mutate(on, { onSuccess: () => say(on ? texts.checking.on : texts.checking.isOff, undo) })
  }

  return (
    <section
      aria-label={texts.checking.off}
      className="mb-4 flex flex-wrap items-center gap-x-3 gap-y-3 rounded border border-line bg-card px-4 py-3"
    >
      <TriangleAlert aria-hidden="true" className="size-4 shrink-0 text-low" />
      <p className="min-w-48 flex-1">
        <strong className="font-semibold">{texts.checking.off}.</strong> {texts.checking.offText}
      </p>
      <Switch
        label={texts.checking.ask}
        checked={false}
        disabled={check.isPending}
        onChange={turn}
      />
    </section>
  )
}
