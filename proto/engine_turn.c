#include "proto/engine_state.h"

static struct negentropy_found found_room(struct id_queue *q)
{
    memmove(q->at, q->at + q->first, q->count * sizeof *q->at);
    if (q->listed != NULL) {
        memmove(q->listed, q->listed + q->first, q->count * sizeof *q->listed);
    }
    q->first = 0;
    return (struct negentropy_found){
        .at = q->at + q->count, .places = q->places, .cap = NEGENTROPY_IDS_MAX};
}

void turn_open(struct turn *turn, struct initiator *initiator)
{
    if (initiator != NULL) {
        turn->step->have = found_room(&initiator->have);
        turn->step->need = found_room(&initiator->need);
    }
}

void turn_close(struct turn *turn, struct initiator *initiator)
{
    if (initiator != NULL) {
        struct id_queue *need = &initiator->need;
        for (size_t k = 0; k < turn->step->need.count; k++) {
            need->listed[need->count + k] =
                (struct listed_at){.number = initiator->rounds_count, .place = need->places[k]};
        }
        initiator->have.count += turn->step->have.count;
        need->count += turn->step->need.count;
    }
    switch (turn->step->next) {
    case NEGENTROPY_ASK:
        turn->state = TURN_ASK;
        break;
    case NEGENTROPY_SEND:
        turn->state = TURN_SEND;
        break;
    case NEGENTROPY_DONE:
        turn->state = TURN_END;
        break;
    }
}

void turn_take(struct turn *turn, struct octets message)
{
    memcpy(turn->message, message.at, message.len);
    turn->message_len = message.len;
    turn->state = TURN_MESSAGE;
}

void turn_receive(struct engine *e, struct turn *turn, struct initiator *initiator)
{
    turn_open(turn, initiator);
    enum err_code rc = negentropy_receive(turn->negentropy, turn->step, &turn->reply,
                                          octets_of(turn->message, turn->message_len));
    if (rc == ERR_OK) {
        turn_close(turn, initiator);
    } else {
        peer_close(e, turn->peer, rc);
    }
}

void turn_ask(struct engine *e, struct turn *turn, uint64_t token)
{
    turn->state = TURN_READING;
    turn->reading = true;
    engine_emit(e, ENGINE_READ)->as.read = (struct engine_read){
        .token = token, .query = ENGINE_READ_RECON, .set = turn->set, .batch = &turn->step->batch};
}

void turn_send(struct engine *e, const struct turn *turn)
{
    uint8_t *at = engine_arena(e, turn->reply.len + MESSAGE_RECON_HEAD);
    struct message_recon recon = {.session = turn->session,
                                  .set = turn->set,
                                  .message = octets_of(turn->reply.at, turn->reply.len)};
    engine_send_one(e, turn->peer, FRAME_RECON, octets_of(at, message_recon_encode(at, &recon)));
}

void turn_send_end(struct engine *e, uint32_t p, uint32_t session)
{
    uint8_t *at = engine_arena(e, MESSAGE_CODE_CAP);
    size_t len = message_recon_end_encode(at, session);
    engine_send_one(e, p, FRAME_RECON_END, octets_of(at, len));
}
