/** What the palette offers: pages and actions at once, the rest by what is typed. */

import { useQuery } from '@tanstack/react-query'
import {
  Activity,
  Bot,
  Eye,
  EyeOff,
  KeyRound,
  type LucideIcon,
  Moon,
  Pause,
  Play,
  Plus,
  Search,
  Sun,
  User,
} from 'lucide-react'
import { useLocation } from 'wouter'

import { api, tell } from '../api/client'
import { Problem } from '../api/problem'
import { accounts, keys, overview } from '../api/queries'
import { ago } from '../lib/format'
import { complain, say } from '../lib/messages'
import { useNow } from '../lib/now'
import { privacy, setPrivacy, setTheme } from '../lib/preferences'
import { useStore } from '../lib/useStore'
import { matching } from './matching'
import { ROUTES } from './routes'
import { texts } from './texts'

const said = texts.palette
const MOST = 6 // of one kind, so that the others are seen too

export type Command = {
  id: string
  label: string
  note?: string
  isPrivate?: boolean // names a person
  icon: LucideIcon
  run: () => void
}
export type Section = { title: string; commands: Command[] }

/** The sections that have something for these words; the commands' numbers run through them. */
export function useCommands(words: string): Section[] {
  const [, navigate] = useLocation()
  const known = useKnown(navigate)
  const plain = usePlain(navigate)
  const isTyped = words.trim() !== ''
  const offered = isTyped ? [...plain, ...known] : plain
  const found = offered
    .map(({ title, commands }) => ({
      title,
      commands: matching(commands, words).slice(0, MOST + 1),
    }))
    .filter(({ commands }) => commands.length > 0)
  return isTyped
    ? [...found, { title: said.log, commands: [inLog(words.trim(), navigate)] }]
    : found
}

type Navigate = (path: string) => void

function inLog(words: string, navigate: Navigate): Command {
  const path = `/requests?q=${encodeURIComponent(words)}`
  return { id: 'log', label: said.inLog(words), icon: Search, run: () => navigate(path) }
}

function usePlain(navigate: Navigate): Section[] {
  const isPrivate = useStore(privacy)
  const pages = ROUTES.map(({ name, path, icon }) => ({
    id: path,
    label: texts.pages[name],
    icon,
    run: () => navigate(path),
  }))
  const actions = [
    { id: 'add', label: said.addAccount, icon: Plus, run: () => navigate('/accounts/new') },
    { id: 'create', label: said.createKey, icon: Plus, run: () => navigate('/keys/new') },
    {
      id: 'privacy',
      label: isPrivate ? texts.showNames : texts.hideNames,
      icon: isPrivate ? Eye : EyeOff,
      run: () => setPrivacy(!isPrivate),
    },
    { id: 'light', label: said.light, icon: Sun, run: () => setTheme('light') },
    { id: 'dark', label: said.dark, icon: Moon, run: () => setTheme('dark') },
  ]
  return [
    { title: said.pages, commands: pages },
    { title: said.actions, commands: actions },
  ]
}

/** What the pool has; asked for when the palette opens, and told at once where it is known. */
function useKnown(navigate: Navigate): Section[] {
  const now = useNow()
  const pool = useQuery(accounts).data?.accounts ?? []
  const all = useQuery(keys).data
  const latest = useQuery(overview('24h', 'outcome')).data?.latest ?? []
  return [
    {
      title: said.accounts,
      commands: pool.map(({ accountId, displayName }) => ({
        id: accountId,
        label: displayName,
        isPrivate: true,
        icon: User,
        run: () => navigate(`/accounts/${accountId}`),
      })),
    },
    {
      title: said.turn,
      commands: pool.map(({ accountId, displayName, status }) => {
        const isPaused = status === 'paused'
        return {
          id: `turn ${accountId}`,
          label: (isPaused ? said.resume : said.pause)(displayName),
          isPrivate: true,
          icon: isPaused ? Play : Pause,
          run: () => void turn(accountId, displayName, isPaused),
        }
      }),
    },
    {
      title: said.keys,
      commands: (all?.keys ?? []).map(({ id, name, keyPrefix }) => ({
        id,
        label: name,
        note: `${keyPrefix}…`,
        icon: KeyRound,
        run: () => navigate(`/keys/${id}`),
      })),
    },
    {
      title: said.models,
      commands: (all?.models ?? []).map(({ id }) => ({
        id: `model ${id}`,
        label: id,
        icon: Bot,
        run: () => navigate(`/requests?q=${encodeURIComponent(`model:${id}`)}`),
      })),
    },
    {
      title: said.requests,
      commands: latest.map(({ requestId, model, requestedAt, errorCode }) => ({
        id: requestId,
        label: [model, errorCode].filter(Boolean).join(' · '),
        note: ago(Date.parse(requestedAt), now),
        icon: Activity,
        run: () => navigate(`/requests/${requestId}`),
      })),
    },
  ]
}

async function turn(accountId: string, name: string, on: boolean): Promise<void> {
  const path = on ? '/api/accounts/{account_id}/reactivate' : '/api/accounts/{account_id}/pause'
  try {
    await tell(api.POST(path, { params: { path: { account_id: accountId } } }))
    const undo = { label: said.undo, run: () => void turn(accountId, name, !on) }
    say((on ? said.resumed : said.paused)(name), undo)
  } catch (error) {
    complain(Problem.of(error).message)
  }
}
