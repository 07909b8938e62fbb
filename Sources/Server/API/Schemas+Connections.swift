import WalletConnectBackend

extension Schemas {
    static let topic = JSONSchema.string(
        "64 digits in hex.", pattern: "^[0-9a-f]{64}$",
        example: "7f6e504bfad60b485450578e05678ed3e8e8c4751d3c6160be17160d63ec90f9")
    static let accountID = JSONSchema.string(
        "CAIP-10.", example: "eip155:1:0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F")
    private static let requestID = JSONSchema.string("Decimal digits.", pattern: "^[0-9]{1,19}$")

    static let connection = JSONSchema.object([
        .required("topic", topic), .required("user_id", userID),
        .required("state", .words(Connection.State.allCases.map(\.rawValue))),
        .required("accounts", .array(of: accountID)), .required("chains", .array(of: chain)),
        .required("methods", .array(of: .string())), .required("events", .array(of: .string())),
        .required(
            "wallet",
            JSONSchema.object(
                [
                    .required("name", .string()), .required("url", .string()), .required("description", .string()),
                    .required("icons", .array(of: .string())),
                ], "What the wallet says of itself; nobody has checked it."
            ).nullable), .required("pairing_topic", topic), .required("created_at", time),
        .required("updated_at", time), .required("last_active_at", time), .required("expires_at", time),
        .required(
            "end",
            JSONSchema.object([
                .required("reason", .words(ConnectionEnd.Reason.allCases.map(\.rawValue))),
                .required("message", JSONSchema.string().nullable), .required("code", JSONSchema.integer().nullable),
            ]).nullable),
    ])

    static let pairing = JSONSchema.object([
        .required("uri", .string("For the wallet to scan; it holds a key, so show it to the user alone.")),
        .required("qr_svg", .string("The URI as a QR code.")), .required("pairing_topic", topic),
        .required("expires_at", time), .required("topic", topic), .required("user_id", userID),
        .required("state", .words(["pending"])),
        .required("links", .map(of: .string(), "Links that open a wallet's app on the same device.")),
    ])

    static let walletRequest = JSONSchema.object([
        .required("id", requestID), .required("state", .words(["pending", "answered", "failed"])),
        .optional("result", .any("What the wallet answered, as it came.")),
        .optional(
            "error",
            .object([
                .required("reason", .words(BackendError.Code.allCases.map(\.rawValue))),
                .required("code", JSONSchema.integer(nil, "The wallet's number.").nullable),
                .required("message", .string()), .required("data", .any("What the wallet added.")),
            ])), .required("topic", topic), .required("chain", chain), .required("method", .string()),
        .required("created_at", time), .required("expires_at", time), .optional("answered_at", time),
    ])
}
