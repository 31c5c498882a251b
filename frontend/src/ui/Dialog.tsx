import { Modal, type ModalProps } from './Modal'

/** A question in the middle of the page; at the bottom of a phone's. */
export function Dialog(props: ModalProps) {
  return (
    <Modal
      {...props}
      place="inset-x-0 bottom-0 max-h-[92dvh] rounded-t border md:inset-x-auto md:bottom-auto md:left-1/2 md:top-[12vh] md:w-[30rem] md:max-h-[76vh] md:-translate-x-1/2 md:rounded"
    />
  )
}
