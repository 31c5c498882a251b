const WIDTH = 1
const STEP = 2
const HEIGHT = 20

/** A bar per hour; the words stand beside it. The last hour is not over yet. */
export function Spark({ values }: { values: readonly number[] }) {
  const most = Math.max(...values)
  if (most === 0) return null
  return (
    <svg
      width={values.length * STEP}
      height={HEIGHT}
      aria-hidden="true"
      className="shrink-0 fill-muted max-xl:hidden"
    >
      {values.map((value, hour) => {
        const height = value > 0 ? Math.max(2, (value / most) * HEIGHT) : 1
        return (
          <rect
            // biome-ignore lint/suspicious/noArrayIndexKey: an hour is its place
            key={hour}
            x={hour * STEP}
            y={HEIGHT - height}
            width={WIDTH}
            height={height}
            opacity={value > 0 && hour < values.length - 1 ? 1 : 0.5}
          />
        )
      })}
    </svg>
  )
}
