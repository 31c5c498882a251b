import { Ellipsis, LogIn, PanelRight, Pause, Play, Zap } from 'lucide-react'

import { entries } from '../lib/entries'
import { IconButton } from '../ui/IconButton'
import { Menu } from '../ui/Menu'
import type { Actions } from './changes'
import { type Account, canPause, canProbe, canResume } from './state'
import { texts } from './texts'

type Props = { target: Account; actions: Actions; onOpen: () => void; onSignIn: () => void }

export function AccountMenu({ target, actions, onOpen, onSignIn }: Props) {
  // Without the name: it would be seen beside the button while names are hidden.
  const label = texts.columns.actions
  return (
    <Menu
      label={label}
      trigger={<IconButton icon={Ellipsis} label={label} data-shortcut="." tabIndex={-1} />}
      items={[
        { label: texts.open, icon: PanelRight, onSelect: onOpen },
        canPause(target)
          ? { label: texts.pause, icon: Pause, onSelect: () => void actions.pause([target]) }
          : {
              label: texts.resume,
              icon: Play,
              onSelect: () => void actions.resume([target]),
              ...(canResume(target) ? {} : { disabled: texts.states.signIn }),
            },
        {
          label: texts.probe,
          icon: Zap,
          onSelect: () => void actions.probe([target]),
          ...(canProbe(target) ? {} : { disabled: texts.notNow }),
        },
        { label: texts.signInAgain, icon: LogIn, onSelect: onSignIn },
        'line',
        ...entries(texts.policies).map(([policy, { how }]) => ({
          label: texts.prefer(how),
          checked: policy === target.routingPolicy,
          onSelect: () => void actions.prefer([target], policy),
        })),
      ]}
    />
  )
}
