import { Problem } from '../api/problem'
import { common } from '../lib/texts'
import { Button } from '../ui/Button'
import { Dialog } from '../ui/Dialog'
import { ErrorState } from '../ui/ErrorState'
import { type NewKey, useRegenerate } from './changes'
import type { Key } from './state'
import { texts } from './texts'

type Props = { target: Key; onDone: (fresh: NewKey) => void; onClose: () => void }

export function RegenerateKey({ target, onDone, onClose }: Props) {
  const regenerate = useRegenerate()
  function confirm() {
    regenerate.mutate(target.id, {
      onSuccess(fresh) {
        onClose()
        onDone(fresh)
      },
    })
  }
  return (
    <Dialog
      open
      onClose={onClose}
      title={texts.regenerateTitle(target.name)}
      description={texts.regenerateText}
      footer={
        <>
          <Button onClick={onClose}>{common.cancel}</Button>
          <Button look="danger" busy={regenerate.isPending} onClick={confirm}>
            {texts.regenerate}
          </Button>
        </>
      }
    >
      {regenerate.error && <ErrorState message={Problem.of(regenerate.error).message} />}
    </Dialog>
  )
}
