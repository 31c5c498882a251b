import { Plus } from 'lucide-react'
import { useState } from 'react'

import type { Schema } from '../api/queries'
import { Button } from '../ui/Button'
import { Field } from '../ui/Field'
import { Select } from '../ui/Select'
import { CreateKey } from './CreateKey'
import { NO_KEY } from './choices'
import { texts } from './texts'
import type { Choice } from './useChoice'

type Props = { told: Schema['ConnectDocument']; choice: Choice }

export function Picks({ told, choice }: Props) {
  const { places, address, model, keys, key: chosen, secret, change } = choice
  const [creating, setCreating] = useState(false)
  const models = told.models.some(({ id }) => id === model)
    ? told.models
    : [{ id: model, label: model }, ...told.models]
  const named = keys.map(
    ({ id, name, keyPrefix }) => [id, texts.keyNamed(name, keyPrefix)] as const,
  )
  const noKey = chosen.kind === 'missing' ? texts.noKeyYet : texts.noKey
  const keyOptions =
    address.needsKey && keys.length > 0 ? named : [[NO_KEY, noKey] as const, ...named]
  const about = secret ? texts.keyIs.fresh : texts.keyIs[chosen.kind]

  return (
    <div className="grid grid-cols-[repeat(auto-fit,minmax(min(100%,17rem),1fr))] gap-4">
      <Field label={texts.address} hint={texts.addressHint}>
        {(control) => (
          <Select
            {...control}
            value={address.at}
            options={places.map(({ at, url }) => [at, texts.places[at](url)] as const)}
            onChange={(at) => change({ at })}
          />
        )}
      </Field>
      <Field label={texts.model}>
        {(control) => (
          <Select
            {...control}
            value={model}
            options={models.map(({ id, label }) => [id, label] as const)}
            onChange={(next) => change({ model: next })}
          />
        )}
      </Field>
      <Field
        label={texts.key}
        className="col-span-full"
        hint={typeof about === 'string' ? about : about(told.keyEnv)}
      >
        {(control) => (
          <span className="flex flex-wrap gap-2">
            <Select
              {...control}
              className="min-w-0 flex-1 basis-56"
              value={chosen.kind === 'key' ? chosen.key.id : NO_KEY}
              options={keyOptions}
              onChange={(key) => change({ key: key === NO_KEY ? '' : key })}
            />
            <Button onClick={() => setCreating(true)}>
              <Plus aria-hidden="true" className="size-4" />
              {texts.newKey}
            </Button>
          </span>
        )}
      </Field>
      {creating && <CreateKey onCreated={choice.takeFresh} onClose={() => setCreating(false)} />}
    </div>
  )
}
