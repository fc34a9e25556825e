"""The CCSDS File Delivery Protocol, both ends, classes 1 and 2 (CCSDS 727.0-B-5).

`entity.Entity` is the whole of it: files are sent by `put`, PDUs of a link go into `receive`, and come from `next_pdu`
when the link has room. It needs to know itself and the others (`parameters`), and where files are (`filestore`). Each
part can be used alone: `sender.Sender` and `receiver.Receiver` are the two ends of one transaction, `pdu.codec.Pdu`
reads and writes PDUs, `checksums` are those of files, `user_messages` what entities ask of each other.
"""
