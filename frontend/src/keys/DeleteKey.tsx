import { Problem } from '../api/problem'
import { say } from '../lib/messages'
import { ConfirmDelete } from '../ui/ConfirmDelete'
import { useDelete } from './changes'
import type { Key } from './state'
import { texts } from './texts'

type Props = { target: Key; onClose: () => void }

export function DeleteKey({ target, onClose }: Props) {
  const remove = useDelete()
  function confirm() {
    remove.mutate(target.id, {
      onSuccess() {
        onClose()
        say(texts.deleted(target.name))
      },
    })
  }
  return (
    <ConfirmDelete
      title={texts.deleteTitle(target.name)}
      name={target.name}
      effects={texts.deleteEffects(target.usageSummary?.requestCount ?? 0)}
      busy={remove.isPending}
      error={remove.error && Problem.of(remove.error).message}
      onConfirm={confirm}
      onClose={onClose}
    />
  )
}
