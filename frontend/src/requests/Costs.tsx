import { Link } from 'wouter'

import { money, number } from '../lib/format'
import { parts } from './costs'
import { Part } from './Part'
import type { Row } from './tail'
import { texts } from './texts'

const said = texts.detail

/** The bill: tokens times rate, line by line. */
export function Costs({ row }: { row: Row }) {
  const found = parts(row)
  return (
    <Part title={said.tokens}>
      {found.length === 0 ? (
        <p className="text-muted">{said.noUsage}</p>
      ) : (
        <table className="w-full">
          <tbody>
            {found.map(({ kind, tokens, micros, rate }) => (
              <tr key={kind}>
                <th scope="row" className="py-0.5 text-left font-normal">
                  {said.kinds[kind]}
                </th>
                <td className="py-0.5 text-right whitespace-nowrap text-muted">
                  {rate === null
                    ? number(tokens)
                    : said.rate(number(tokens), money(rate * 1_000_000))}
                </td>
                <td className="w-20 py-0.5 text-right">{micros !== null && money(micros)}</td>
              </tr>
            ))}
            <tr className="border-t border-line font-medium">
              <th scope="row" className="py-1 text-left">
                {said.sum}
              </th>
              <td className="py-1 text-right">{number(row.tokens ?? 0)}</td>
              <td className="py-1 text-right">
                {row.costUsd !== null && money(row.costUsd * 1_000_000)}
              </td>
            </tr>
          </tbody>
        </table>
      )}
      {(row.reasoningTokens ?? 0) > 0 && (
        <p className="mt-1 text-sm text-muted">{said.reasoning(row.reasoningTokens ?? 0)}</p>
      )}
      {row.costEstimated && <p className="mt-1 text-sm text-muted">{said.estimated}</p>}
      {row.unpriced && (
        <p className="mt-1 text-sm">
          {said.noPrice}{' '}
          <Link href="/settings/models" className="rounded text-accent underline">
            {said.setPrice}
          </Link>
        </p>
      )}
    </Part>
  )
}
