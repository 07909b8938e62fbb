import CQREncode
import Glibc

/// Why a text has no QR code.
public enum QRCodeError: Error, Equatable, Sendable, CustomStringConvertible {
    /// There is nothing to encode.
    case empty
    /// The text does not fit into the largest symbol, version 40, at this correction.
    case tooLong(bytes: Int, bytesMax: Int)
    /// The encoder got no memory.
    case outOfMemory

    /// A sentence for people.
    public var description: String {
        switch self {
        case .empty: "an empty text has no QR code"
        case .tooLong(let bytes, let bytesMax): "a QR code holds at most \(bytesMax) bytes, and the text has \(bytes)"
        case .outOfMemory: "no memory for a QR code"
        }
    }
}

/// A QR code: a square of dark and light modules that a camera reads as a text.
///
/// ```swift
/// let code = try QRCode("wc:7f6e…@2?relay-protocol=irn&symKey=…")
/// print(code.terminalText())
/// ```
///
/// The text is encoded in byte mode as UTF-8, in the smallest version that holds it, with the mask that
/// [ISO/IEC 18004](https://www.iso.org/standard/83389.html) prefers. Making one takes about a millisecond.
public struct QRCode: Sendable, Hashable {
    /// How much of the symbol may be unreadable.
    public enum Correction: Sendable, CaseIterable {
        /// About 7 %.
        case low
        /// About 15 %.
        case medium
        /// About 25 %.
        case quartile
        /// About 30 %.
        case high

        /// The longest text in bytes, ISO/IEC 18004 table 7, version 40, byte mode.
        public var bytesMax: Int {
            switch self {
            case .low: 2_953
            case .medium: 2_331
            case .quartile: 1_663
            case .high: 1_273
            }
        }
    }

    /// The light border that a reader needs on every side, in modules; ISO/IEC 18004 section 6.3.8.
    public static let quietZoneModules = 4

    /// Modules on a side without the quiet zone: 21, 25, … 177.
    public let size: Int

    /// Row by row, one byte a module.
    private let modules: [Bool]

    /// Encodes a text.
    ///
    /// - Throws: ``QRCodeError`` when the text is empty or too long for the correction.
    public init(_ text: String, correction: Correction = .medium) throws(QRCodeError) {
        let bytes = Array(text.utf8)
        guard !bytes.isEmpty else { throw .empty }
        guard bytes.count <= correction.bytesMax else {
            throw .tooLong(bytes: bytes.count, bytesMax: correction.bytesMax)
        }
        let level =
            switch correction {
            case .low: QR_ECLEVEL_L
            case .medium: QR_ECLEVEL_M
            case .quartile: QR_ECLEVEL_Q
            case .high: QR_ECLEVEL_H
            }
        // Version 0 lets the library take the smallest that fits; the count was checked, so it fits an Int32.
        let made = unsafe QRcode_encodeData(Int32(bytes.count), bytes, 0, level)
        guard let made = unsafe made else {
            guard errno == ERANGE else { throw .outOfMemory }
            throw .tooLong(bytes: bytes.count, bytesMax: correction.bytesMax)
        }
        defer { unsafe QRcode_free(made) }
        let width = unsafe Int(made.pointee.width)
        size = width
        // The lowest bit is the colour; the others are the encoder's notes.
        modules = unsafe UnsafeBufferPointer(start: made.pointee.data, count: width * width).map { $0 & 1 == 1 }
    }

    /// Whether a module is dark; outside of the symbol everything is light.
    ///
    /// - Parameters:
    ///   - row: counted from the top, 0 first.
    ///   - column: counted from the left, 0 first.
    public func isDark(_ row: Int, _ column: Int) -> Bool {
        guard (0..<size).contains(row), (0..<size).contains(column) else { return false }
        return modules[row * size + column]
    }
}
