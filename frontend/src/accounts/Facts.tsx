import type { ReactNode } from 'react'

import { compact, money, number, until, when } from '../lib/format'
import { useNow } from '../lib/now'
import { common } from '../lib/texts'
import { Card } from '../ui/Card'
import { Private } from '../ui/Private'
import { RelativeTime } from '../ui/RelativeTime'
import { type Account, at } from './state'
import { texts } from './texts'

const said = texts.facts

export function Facts({ account }: { account: Account }) {
  const now = useNow()
  const expires = at(account.auth.access.expiresAt)
  const refreshed = at(account.lastRefreshAt)
  const isSignedIn = account.loginState === 'signed_in'
  const facts: [string, ReactNode][] = [
    [said.email, <Private key="email">{account.email}</Private>],
    [said.workspace, account.workspaceLabel ?? account.workspaceId],
    [said.seat, account.seatType],
    [said.signIn, isSignedIn ? texts.signIns.signed_in : account.loginText],
    [
      said.renewal,
      isSignedIn && expires !== null && now < expires
        ? said.expires(when(expires, now), until(expires, now))
        : null,
    ],
    [said.renewed, refreshed !== null && <RelativeTime at={refreshed} />],
    [said.running, number(account.activeStreams)],
    [said.day, texts.day(account.requests24h, account.errors24h)],
    [said.week, money(account.costUsd7d * 1e6)],
    [said.ever, served(account)],
    [said.credits, credits(account)],
    [said.resets, account.availableResetCredits > 0 && number(account.availableResetCredits)],
  ]
  return (
    <Card title={said.title}>
      <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-1.5">
        {facts.map(
          ([name, fact]) =>
            fact && (
              <div key={name} className="contents">
                <dt className="text-muted">{name}</dt>
                <dd className="min-w-0 break-words tabular">{fact}</dd>
              </div>
            ),
        )}
      </dl>
    </Card>
  )
}

function served({ requestUsage: sums }: Account): string {
  if (!sums) return common.none
  const { requestCount, totalTokens, totalCostUsd } = sums
  return said.served(requestCount, compact(totalTokens), money(totalCostUsd * 1e6))
}

function credits({ creditsHas, creditsUnlimited, creditsBalance }: Account): string | null {
  if (creditsUnlimited) return said.unlimited
  return creditsHas ? number(creditsBalance ?? 0) : null
}
