/// The steps from a master key to one of its descendants: `m/44'/60'/0'/0/0`.
///
/// Standard: [BIP-32](https://github.com/bitcoin/bips/blob/master/bip-0032.mediawiki).
public struct DerivationPath: Sendable, Hashable, CustomStringConvertible {
    /// What is added to an index to harden it: 2³¹.
    public static let hardenedOffset: UInt32 = 0x8000_0000
    /// The longest path there is: depth is one byte in the serialised form.
    public static let stepsMax = 255

    /// The child numbers, hardened ones with `hardenedOffset` added.
    public let steps: [UInt32]

    /// A path from child numbers.
    ///
    /// - Throws: `DerivationPathError.tooLong`.
    public init(steps: [UInt32]) throws(DerivationPathError) {
        guard steps.count <= Self.stepsMax else { throw .tooLong }
        self.steps = steps
    }

    /// A path from its text: `m`, then `/` and a decimal number below 2³¹ for each step, `'` or `h` behind hardened ones.
    ///
    /// - Throws: `DerivationPathError`.
    public init(_ text: String) throws(DerivationPathError) {
        // Twelve characters are the longest step, and one is the letter in front.
        guard text.utf8.count <= 1 + 12 * Self.stepsMax else { throw .tooLong }
        let parts = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard parts.first?.elementsEqual("m".utf8) == true else { throw .missingMaster }
        var steps: [UInt32] = []
        for (position, part) in parts.enumerated().dropFirst() {
            let isHardened = part.last == UInt8(ascii: "'") || part.last == UInt8(ascii: "h")
            let digits = isHardened ? part.dropLast() : part
            guard let index = Self.number(digits) else { throw .invalidStep(at: position) }
            steps.append(isHardened ? index + Self.hardenedOffset : index)
        }
        try self.init(steps: steps)
    }

    /// For paths that are written in this target.
    init(trusted steps: [UInt32]) {
        self.steps = steps
    }

    /// This path with one more step.
    ///
    /// - Throws: `DerivationPathError.tooLong`.
    public func appending(_ index: UInt32) throws(DerivationPathError) -> DerivationPath {
        try DerivationPath(steps: steps + [index])
    }

    /// The text form with `'` behind hardened steps.
    public var description: String {
        steps.reduce(into: "m") { text, step in
            text += step >= Self.hardenedOffset ? "/\(step - Self.hardenedOffset)'" : "/\(step)"
        }
    }

    private static func number(_ digits: some Collection<UInt8>) -> UInt32? {
        guard (1...10).contains(digits.count), digits.first != UInt8(ascii: "0") || digits.count == 1 else {
            return nil
        }
        var value: UInt64 = 0
        for digit in digits {
            guard UInt8(ascii: "0")...UInt8(ascii: "9") ~= digit else { return nil }
            value = value * 10 + UInt64(digit - UInt8(ascii: "0"))
        }
        return value < UInt64(Self.hardenedOffset) ? UInt32(value) : nil
    }
}

/// Why a text is not a derivation path.
public enum DerivationPathError: Error, Equatable, Sendable {
    /// The text does not begin with `m`.
    case missingMaster
    /// The step at this position, counted from one, is not a plain decimal number below 2³¹.
    case invalidStep(at: Int)
    /// More than 255 steps.
    case tooLong
}

/// The paths of wallets with several coins and accounts.
///
/// Standard: [BIP-44](https://github.com/bitcoin/bips/blob/master/bip-0044.mediawiki); coin numbers:
/// [SLIP-44](https://github.com/satoshilabs/slips/blob/master/slip-0044.md).
public enum BIP44 {
    /// Whether an address is handed out or takes change.
    public enum Change: UInt32, Sendable, Hashable {
        /// Addresses that are given to payers.
        case external = 0
        /// Addresses for what is left over of a payment.
        case `internal` = 1
    }

    /// `m/44'/coin'/account'/change/index`; all numbers are below 2³¹.
    public static func path(
        coin: UInt32, account: UInt32 = 0, change: Change = .external, index: UInt32 = 0
    ) -> DerivationPath {
        let offset = DerivationPath.hardenedOffset
        precondition(
            coin < offset && account < offset && index < offset, "coin, account and index are below 2^31")
        return DerivationPath(trusted: [44 + offset, coin + offset, account + offset, change.rawValue, index])
    }
}
