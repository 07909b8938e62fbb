/// How messages travel.
public enum MessageTransport: String, Sendable, Hashable {
    /// Over the relay.
    case relay
    /// Inside universal links between apps on one device.
    case linkMode = "link_mode"
}
