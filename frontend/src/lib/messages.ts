/** The one place of messages: the newest stands until it has been read. */

import { store } from './store'

export type Message = {
  text: string
  tone: 'done' | 'failed'
  action?: { label: string; run: () => void }
}

export const message = store<Message | null>(null)

export const say = (text: string, action?: Message['action']) =>
  message.set({ text, tone: 'done', ...(action ? { action } : {}) })

export const complain = (text: string) => message.set({ text, tone: 'failed' })
