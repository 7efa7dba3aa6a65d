import Delivery
import Gateway

/// The gateway knows no store of its own kind, and the store knows no gateway: they meet here.
extension SegmentLogStore: LogAdministration {}
