#include "reference.h"
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

// Ids as Coffer makes them: time first, so that rows are appended.
static void make_id(unsigned char *id, uint64_t milliseconds, uint64_t number) {
    for (int i = 0; i < 6; i++) id[i] = (unsigned char)(milliseconds >> (40 - 8 * i));
    id[6] = id[7] = 0;
    for (int i = 0; i < 8; i++) id[8 + i] = (unsigned char)(number >> (56 - 8 * i));
}

// Numbers in no order, each once: clients draw their keys at random.
static uint64_t scattered(uint64_t value) {
    value = (value ^ value >> 33) * 0xff51afd7ed558ccdu;
    value = (value ^ value >> 33) * 0xc4ceb9fe1a85ec53u;
    return value ^ value >> 33;
}

enum { USERS = 256, LANES = 8 };
enum { IDEMPOTENCY, WITHDRAWAL, HOLD, ACCOUNT, QUEUE, EVENT, AUDIT, STATEMENTS };

static const char *const sql[STATEMENTS] = {
    "INSERT INTO idempotency (client, idempotency_key, fingerprint, withdrawal_id) VALUES (?, ?, ?, ?)",
    "INSERT INTO withdrawals (id, client, user_id, wallet_id, asset, recipient, amount, reference, state, reason,"
    " is_cancel_requested, nonce, transaction_hash, block_number, bound_at, created_at, updated_at)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, NULL, 'accepted', NULL, 0, NULL, NULL, NULL, NULL, ?, ?)",
    "INSERT INTO ledger_transfers (id, kind, debit_account, credit_account, asset, amount, subject, hold, reference, at)"
    " VALUES (?, 'hold', ?, ?, ?, ?, ?, NULL, NULL, ?)",
    "UPDATE ledger_accounts SET held = ? WHERE id = ?",
    "INSERT INTO withdrawal_queue (lane, withdrawal_id, not_before) VALUES (?, ?, ?)",
    "INSERT INTO events (type, subject, payload, at) VALUES (?, ?, ?, ?)",
    "INSERT INTO audit (at, actor, action, object, details, previous, hash) VALUES (?, ?, ?, ?, ?, ?, ?)",
};

#define CHECK(call, wanted)                                                              \
    if ((call) != (wanted)) {                                                            \
        snprintf(message, (size_t)message_size, "%s: %s", #call, sqlite3_errmsg(db));    \
        sqlite3_close_v2(db);                                                            \
        return -1;                                                                       \
    }

static void bind_text(sqlite3_stmt *statement, int position, const char *text) {
    sqlite3_bind_text(statement, position, text, -1, SQLITE_TRANSIENT);
}

static void bind_bytes(sqlite3_stmt *statement, int position, const unsigned char *bytes, int count) {
    sqlite3_bind_blob(statement, position, bytes, count, SQLITE_TRANSIENT);
}

int64_t reference_insert(
    const char *path, const char *schema, int accepts, int batch, int64_t *commits, char *message, int message_size) {
    sqlite3 *db = NULL;
    CHECK(sqlite3_open(path, &db), SQLITE_OK);
    CHECK(sqlite3_exec(db,
              "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY;"
              "PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 4000;",
              NULL, NULL, NULL), SQLITE_OK);
    CHECK(sqlite3_exec(db, schema, NULL, NULL, NULL), SQLITE_OK);
    const char *asset = "eip155:31337/slip44:60", *actor = "ak_01J00000000000000000000000";
    unsigned char account[16], wallet[16], id[16], transfer[16], amount[32] = {0}, held[32] = {0}, hash[32] = {0};
    make_id(wallet, 1, 2);
    amount[31] = 1;
    memset(held, 1, 16);
    sqlite3_stmt *open;
    CHECK(sqlite3_prepare_v2(db,
              "INSERT INTO ledger_accounts (id, kind, owner, asset, balance, held, created_at)"
              " VALUES (?, 'user', ?, 'eip155:31337/slip44:60', ?, ?, 1)",
              -1, &open, NULL), SQLITE_OK);
    for (int i = 0; i < USERS; i++) {
        char user[32];
        snprintf(user, sizeof user, "user-%06d", i);
        make_id(account, 1, 100 + (uint64_t)i);
        bind_bytes(open, 1, account, 16);
        bind_text(open, 2, user);
        bind_bytes(open, 3, held, 32);
        bind_bytes(open, 4, hash, 32);
        CHECK(sqlite3_step(open), SQLITE_DONE);
        sqlite3_reset(open);
    }
    sqlite3_finalize(open);
    memset(held, 0, sizeof held);
    sqlite3_stmt *statements[STATEMENTS];
    for (int i = 0; i < STATEMENTS; i++) {
        CHECK(sqlite3_prepare_v3(db, sql[i], -1, SQLITE_PREPARE_PERSISTENT, &statements[i], NULL), SQLITE_OK);
    }

    int64_t start = reference_wall_time(), last = start;
    for (int i = 0; i < accepts; i++) {
        if (i % batch == 0) CHECK(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
        uint64_t now = 1700000000000u + (uint64_t)i / 10;
        char key[40], object[40], payload[200], user[32], lane[80];
        make_id(account, 1, 100 + (uint64_t)(i % USERS));
        snprintf(user, sizeof user, "user-%06d", i % USERS);
        snprintf(lane, sizeof lane, "eip155:31337/0x727579f8198f42147756696f2041fcf35b06463%d", i % LANES);
        make_id(id, now, (uint64_t)i);
        make_id(transfer, now, (uint64_t)i + (1ull << 40));
        snprintf(key, sizeof key, "bench-0-%016llx", (unsigned long long)scattered((uint64_t)i));
        snprintf(object, sizeof object, "wd_01J0000000000000%010d", i);
        snprintf(payload, sizeof payload, "{\"id\":\"%s\",\"state\":\"accepted\",\"amount\":\"1\",\"asset\":\"%s\"}", object,
            asset);
        for (int j = 0; j < 4; j++) {
            hash[j] = (unsigned char)(i >> (8 * j));
            held[31 - j] = (unsigned char)((i + 1) >> (8 * j));
        }

        sqlite3_stmt *s = statements[IDEMPOTENCY];
        bind_text(s, 1, "default");
        bind_text(s, 2, key);
        bind_bytes(s, 3, hash, 32);
        bind_bytes(s, 4, id, 16);
        s = statements[WITHDRAWAL];
        bind_bytes(s, 1, id, 16);
        bind_text(s, 2, "default");
        bind_text(s, 3, user);
        bind_bytes(s, 4, wallet, 16);
        bind_text(s, 5, asset);
        bind_text(s, 6, "0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F");
        bind_bytes(s, 7, amount, 32);
        sqlite3_bind_int64(s, 8, (int64_t)now);
        sqlite3_bind_int64(s, 9, (int64_t)now);
        s = statements[HOLD];
        bind_bytes(s, 1, transfer, 16);
        bind_bytes(s, 2, account, 16);
        bind_bytes(s, 3, wallet, 16);
        bind_text(s, 4, asset);
        bind_bytes(s, 5, amount, 32);
        bind_bytes(s, 6, id, 16);
        sqlite3_bind_int64(s, 7, (int64_t)now);
        s = statements[ACCOUNT];
        bind_bytes(s, 1, held, 32);
        bind_bytes(s, 2, account, 16);
        s = statements[QUEUE];
        bind_text(s, 1, lane);
        bind_bytes(s, 2, id, 16);
        sqlite3_bind_int64(s, 3, (int64_t)now);
        s = statements[EVENT];
        bind_text(s, 1, "withdrawal.accepted");
        bind_bytes(s, 2, id, 16);
        bind_text(s, 3, payload);
        sqlite3_bind_int64(s, 4, (int64_t)now);
        s = statements[AUDIT];
        sqlite3_bind_int64(s, 1, (int64_t)now);
        bind_text(s, 2, actor);
        bind_text(s, 3, "withdrawal.accepted");
        bind_text(s, 4, object);
        bind_text(s, 5, payload);
        bind_bytes(s, 6, hash, 32);
        bind_bytes(s, 7, hash, 32);
        for (int j = 0; j < STATEMENTS; j++) {
            CHECK(sqlite3_step(statements[j]), SQLITE_DONE);
            sqlite3_reset(statements[j]);
        }

        if (i % batch == batch - 1 || i == accepts - 1) {
            CHECK(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
            int64_t now = reference_wall_time();
            commits[i / batch] = now - last;
            last = now;
        }
    }
    for (int i = 0; i < STATEMENTS; i++) sqlite3_finalize(statements[i]);
    sqlite3_close_v2(db);
    return last - start;
}
