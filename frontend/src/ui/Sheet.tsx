import { Modal, type ModalProps } from './Modal'

/** A longer form or the details of something, at the page's right; all of a phone's page. */
export function Sheet(props: ModalProps) {
  return <Modal {...props} place="inset-y-0 right-0 w-full border-l md:w-[32rem]" />
}
