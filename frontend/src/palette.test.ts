/** The colours of `tokens.css`, checked for everybody's eyes. */

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

type Rgb = readonly [number, number, number]

const CSS = readFileSync(new URL('./tokens.css', import.meta.url), 'utf8')
const TOKENS = [...CSS.matchAll(/--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)/g)]
const THEMES = ['light', 'dark'] as const

/** Linear light, 0 to 1. */
function rgb(hex: string): Rgb {
  const [r, g, b] = [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255)
  const linear = (c = 0) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
  return [linear(r), linear(g), linear(b)]
}

function colour(theme: (typeof THEMES)[number], name: string): Rgb {
  const found = TOKENS.find((token) => token[1] === name)
  const hex = found?.[theme === 'light' ? 2 : 3]
  if (!hex) throw new Error(`no colour is called ${name}`)
  return rgb(hex)
}

const luminance = ([r, g, b]: Rgb) => 0.2126 * r + 0.7152 * g + 0.0722 * b

function contrast(one: Rgb, other: Rgb): number {
  const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a) as [number, number]
  return (light + 0.05) / (dark + 0.05)
}

type Matrix = readonly [Rgb, Rgb, Rgb]

const times = (matrix: Matrix, [x, y, z]: Rgb): Rgb => {
  const row = ([a, b, c]: Rgb) => a * x + b * y + c * z
  return [row(matrix[0]), row(matrix[1]), row(matrix[2])]
}

// Machado, Oliveira, Fernandes 2009, severity 1.0, for linear light.
const EYES: Record<string, Matrix> = {
  normal: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protan: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deutan: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritan: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
}

const LMS: Matrix = [
  [0.4122214708, 0.5363325363, 0.0514459929],
  [0.2119034982, 0.6806995451, 0.1073969566],
  [0.0883024619, 0.2817188376, 0.6299787005],
]
const LAB: Matrix = [
  [0.2104542553, 0.793617785, -0.0040720468],
  [1.9779984951, -2.428592205, 0.4505937099],
  [0.0259040371, 0.7827717662, -0.808675766],
]

function oklab(colour: Rgb): Rgb {
  const inside = colour.map((c) => Math.min(1, Math.max(0, c))) as unknown as Rgb
  const [l, m, s] = times(LMS, inside)
  return times(LAB, [Math.cbrt(l), Math.cbrt(m), Math.cbrt(s)])
}

/** The least distance of any two, times 100, for any kind of eyes. */
function least(colours: Rgb[]): number {
  const distances = Object.values(EYES).flatMap((eye) => {
    const seen = colours.map((one) => oklab(times(eye, one)))
    return seen.flatMap((one, at) =>
      seen
        .slice(at + 1)
        .map((other) => Math.hypot(one[0] - other[0], one[1] - other[1], one[2] - other[2])),
    )
  })
  return Math.min(...distances) * 100
}

const STATUS = ['serving', 'low', 'failed', 'paused', 'cooling']
const CATEGORIES = [1, 2, 3, 4, 5, 6].map((number) => `category-${number}`)

// What stands on what, and the least contrast (WCAG 2.2: 1.4.3 and 1.4.11).
const PAIRS: [string, string, number][] = [
  ...['bg', 'card', 'soft'].flatMap((ground): [string, string, number][] => [
    ['text', ground, 7],
    ['muted', ground, 4.5],
    ['accent', ground, 4.5],
  ]),
  ['on-accent', 'accent', 4.5],
  ['edge', 'card', 3],
  ['edge', 'bg', 3],
  ...STATUS.map((name): [string, string, number] => [name, 'card', 4.5]),
  ...CATEGORIES.map((name): [string, string, number] => [name, 'card', 3]),
]

describe.each(THEMES)('%s', (theme) => {
  it.each(PAIRS)('%s can be seen on %s', (front, ground, ratio) => {
    expect(contrast(colour(theme, front), colour(theme, ground))).toBeGreaterThanOrEqual(ratio)
  })

  it('states are told apart by every kind of eyes', () => {
    expect(least(STATUS.map((name) => colour(theme, name)))).toBeGreaterThan(11)
  })

  it('categories are told apart by every kind of eyes', () => {
    expect(least(CATEGORIES.map((name) => colour(theme, name)))).toBeGreaterThan(14)
  })
})
