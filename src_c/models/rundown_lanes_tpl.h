/* Courses of several cells at a time.  A lane holds a cell, tries a step together with the other
 * lanes, and takes the next cell from a queue when its own is done.
 *
 * Steps are powers of two of a second, but for the last before a condition ends: a step depends on
 * its cell alone, and no bit changes with neighbours or with the other times that are asked for.
 * An output within an accepted step is that of a step of its own from the same beginning.  What is
 * not ordinary in a lane, such as an ion that is nearly used up, is left to the functions of one
 * cell.
 *
 * Expects rundown_tpl.h and layout_tpl.h.
 */

enum { COURSE_LANES = 16, MOST_TRIALS = 1 << 20, MOST_NEWTON = 8 };
enum { MEMBRANE_FIELDS = sizeof(fr_membrane) / sizeof(double) };
#define FIRST_STEP 32.0
#define FINEST_STEP 0x1p-30

/* ---- trials: a step of every lane ---- */

typedef struct {
    double membrane[MEMBRANE_FIELDS][COURSE_LANES];
    double h[COURSE_LANES], n[N_AMOUNTS][COURSE_LANES], u[COURSE_LANES]; /* before the step */
    double rates[STAGES][N_AMOUNTS][COURSE_LANES];
    double after[N_AMOUNTS][COURSE_LANES], u_after[COURSE_LANES], error[COURSE_LANES];
    double bad[COURSE_LANES]; /* above 0: left to the functions of one cell */
} fr_trials;

FR_INLINE fr_membrane membrane_in(const fr_trials *t, int i)
{
    return (fr_membrane){
        t->membrane[0][i],  t->membrane[1][i],  t->membrane[2][i],  t->membrane[3][i],
        t->membrane[4][i],  t->membrane[5][i],  t->membrane[6][i],  t->membrane[7][i],
        t->membrane[8][i],  t->membrane[9][i],  t->membrane[10][i], t->membrane[11][i],
        t->membrane[12][i], t->membrane[13][i], t->membrane[14][i], t->membrane[15][i],
    };
}

FR_INLINE fr_inside inside_in(const fr_trials *t, const fr_membrane *m, int i)
{
    const double n[N_AMOUNTS] = {t->after[0][i], t->after[1][i], t->after[2][i]};
    return inside_of(m, n);
}

/* Returns 0.0 if x is well within the doubles, else 1.0. */
FR_INLINE double extreme(double x)
{
    return x > 0x1p-400 ? (x < 0x1p400 ? 0.0 : 1.0) : 1.0;
}

FR_INLINE double any_extreme(const fr_inside *in)
{
    return extreme(in->ion[ION_NA]) + extreme(in->ion[ION_K]) + extreme(in->ion[ION_CL]);
}

/* Solves for u_after where there is a pump current, by Newton's method from the last value.  The
   last step is at most 1e-6, and its square the error. */
static void newton_in_lanes(fr_trials *t, int lanes, const double *num, const double *den,
                            const double *p)
{
    double done[COURSE_LANES];
    for (int i = 0; i < lanes; i++)
        done[i] = p[i] == 0.0 ? 1.0 : 0.0;
    for (int pass = 0; pass < MOST_NEWTON; pass++) {
        uint64_t finished = FR_ONE;
        for (int i = 0; i < lanes; i++) {
            const double u = t->u_after[i], a = above_zero(magnitude(u));
            const fr_decay d = decay(a);
            const fr_pair B = bernoulli_of(a, d), s = rough_share_of(a, d, B);
            const double plus = u < 0.0 ? B.minus : B.plus, minus = u < 0.0 ? B.plus : B.minus;
            const double above = u < 0.0 ? s.minus : s.plus, below = u < 0.0 ? s.plus : s.minus;
            const double excess = den[i] * minus - num[i] * plus + p[i];
            const double move = excess / (den[i] * above + num[i] * below);
            t->u_after[i] = done[i] > 0.0 ? u : u - move;
            done[i] = done[i] > 0.0 ? 1.0 : magnitude(move) <= 1e-6 ? 1.0 : 0.0;
        }
        for (int i = 0; i < lanes; i++)
            finished &= bits_of(done[i]);
        if (finished == FR_ONE)
            return;
    }
    for (int i = 0; i < lanes; i++)
        t->bad[i] += done[i] > 0.0 ? 0.0 : 1.0;
}

static void field_in_lanes(fr_trials *t, int lanes, double (*restrict rate)[COURSE_LANES])
{
    double num[COURSE_LANES], den[COURSE_LANES], p[COURSE_LANES], pumps = 0.0;
    for (int i = 0; i < lanes; i++) {
        const fr_membrane m = membrane_in(t, i);
        const fr_inside in = inside_in(t, &m, i);
        const fr_balance b = field_balance(&m, &in);
        num[i] = b.num[0];
        den[i] = b.den[0];
        p[i] = b.p;
        const double passive = log_ratio(num[i], den[i]);
        t->u_after[i] = p[i] == 0.0 ? passive : t->u_after[i];
        t->bad[i] += any_extreme(&in) + extreme(num[i]) + extreme(den[i]);
    }
    for (int i = 0; i < lanes; i++)
        pumps = p[i] == 0.0 ? pumps : 1.0;
    if (pumps > 0.0)
        newton_in_lanes(t, lanes, num, den, p);
    for (int i = 0; i < lanes; i++) {
        const fr_membrane m = membrane_in(t, i);
        const fr_inside in = inside_in(t, &m, i);
        double now[N_AMOUNTS];
        field_rates(&m, &in, t->u_after[i], now);
        rate[0][i] = now[0];
        rate[1][i] = now[1];
        rate[2][i] = now[2];
    }
}

static void chord_in_lanes(fr_trials *t, int lanes, double (*restrict rate)[COURSE_LANES])
{
    for (int i = 0; i < lanes; i++) {
        const fr_membrane m = membrane_in(t, i);
        const fr_inside in = inside_in(t, &m, i);
        double now[N_AMOUNTS];
        t->u_after[i] = chord_rates(&m, &in, now) / m.phi;
        rate[0][i] = now[0];
        rate[1][i] = now[1];
        rate[2][i] = now[2];
        t->bad[i] += any_extreme(&in);
    }
}

/* Sets the amounts of a stage; callers pass a constant stage. */
FR_INLINE void advance_to(const int stage, fr_trials *t, int lanes)
{
    for (int j = 0; j < N_AMOUNTS; j++)
        for (int i = 0; i < lanes; i++) {
            double sum = 0.0;
            for (int k = 0; k < stage; k++)
                sum += stage_terms[stage - 1][k] * t->rates[k][j][i];
            t->after[j][i] = t->n[j][i] + t->h[i] * sum;
        }
}

static void advance_all(int stage, fr_trials *t, int lanes)
{
    switch (stage) {
    case 1: advance_to(1, t, lanes); break;
    case 2: advance_to(2, t, lanes); break;
    case 3: advance_to(3, t, lanes); break;
    case 4: advance_to(4, t, lanes); break;
    case 5: advance_to(5, t, lanes); break;
    default: advance_to(6, t, lanes);
    }
}

FR_APART void try_all(int field, fr_trials *t, int lanes)
{
    for (int i = 0; i < lanes; i++) {
        t->u_after[i] = t->u[i];
        t->bad[i] = t->error[i] = 0.0;
    }
    for (int stage = 1; stage < STAGES; stage++) {
        advance_all(stage, t, lanes);
        if (field)
            field_in_lanes(t, lanes, t->rates[stage]);
        else
            chord_in_lanes(t, lanes, t->rates[stage]);
    }
    for (int j = 0; j < N_AMOUNTS; j++)
        for (int i = 0; i < lanes; i++) {
            double sum = 0.0;
            for (int k = 0; k < STAGES; k++)
                sum += error_terms[k] * t->rates[k][j][i];
            const double size = magnitude(t->h[i] * sum);
            t->error[i] = size > t->error[i] ? size : t->error[i];
        }
}

/* ---- courses ---- */

/* The points of a chunk and their answers.  Consecutive points that differ only in their times,
   which rise, are of one cell. */
typedef struct {
    const fr_model *model;
    const fr_columns *in;
    ptrdiff_t count, next; /* points; the first that no lane has taken */
    double *V;
    uint8_t *status;
} fr_queue;

/* The state after an accepted step, from which the lane goes on when the outputs within the step
   are done. */
typedef struct {
    double n[N_AMOUNTS], rate[N_AMOUNTS], u, error;
} fr_accepted;

typedef struct {
    fr_rundown r;
    ptrdiff_t point, end;   /* those that are left */
    int condition;          /* -1: the baseline, a steady state */
    int trials;             /* since the condition began */
    double X;               /* amount of impermeant solutes */
    double begun, duration; /* of the condition, s */
    double position, step;  /* since it began, and the next power of two */
    double due;             /* not 0: an output within the accepted step is tried */
    double reached;         /* time at which V is first at or beyond the threshold, or NaN */
    fr_instant first;       /* when the condition began */
    double speed;           /* at which V approaches the threshold, at the position */
    fr_accepted then;
} fr_course;

static double time_of(const fr_queue *q, ptrdiff_t point)
{
    return q->in->x[COURSE_TIME][point];
}

/* Returns the end of the points that are of the same cell as a point. */
static ptrdiff_t end_of_cell(const fr_queue *q, ptrdiff_t point)
{
    ptrdiff_t end = point + 1;
    for (; end < q->count; end++) {
        if (!isfinite(time_of(q, end)) || !(time_of(q, end) >= time_of(q, end - 1)))
            return end;
        for (int j = 0; j < COURSE_COLUMNS; j++)
            if (j != COURSE_TIME && bits_of(q->in->x[j][end]) != bits_of(q->in->x[j][point]))
                return end;
    }
    return end;
}

static void answer(const fr_queue *q, ptrdiff_t point, double value, uint8_t status)
{
    q->V[point] = status ? NAN : value;
    q->status[point] = status;
}

/* Answers a point with a time, which is infinite if the point's own time is earlier. */
static void answer_time(const fr_queue *q, ptrdiff_t point, double time)
{
    const double found = time <= time_of(q, point) ? time : q->model->protocol->never;
    q->V[point] = found;
    q->status[point] = isinf(found) ? FR_INFINITE : 0;
}

static int asks_for_time(const fr_queue *q)
{
    return q->model->output == FR_OF_TIME_TO || q->model->output == FR_OF_STOPPED;
}

/* Answers a point that the course has come to. */
static void answer_with(const fr_queue *q, const fr_course *c, ptrdiff_t point, const fr_instant *s)
{
    const fr_membrane *const m = &c->r.m;
    const double *const ion = s->in.ion;
    switch (q->model->output) {
    case FR_OF_V: answer(q, point, s->V, 0); break;
    case FR_OF_NA: answer(q, point, ion[ION_NA], 0); break;
    case FR_OF_K: answer(q, point, ion[ION_K], 0); break;
    case FR_OF_CL: answer(q, point, ion[ION_CL], 0); break;
    case FR_OF_X: answer(q, point, m->X / s->in.volume, 0); break;
    case FR_OF_VOLUME: answer(q, point, s->in.volume, 0); break;
    case FR_OF_TOTAL: answer(q, point, m->total, 0); break;
    case FR_OF_PUMP: answer(q, point, s->in.pump, 0); break;
    default: {
        const int cl = q->model->output == FR_OF_E_CL, na = q->model->output == FR_OF_E_NA;
        const double out = cl ? m->bath_cl : na ? m->bath_na : m->bath_k;
        const double inside = ion[cl ? ION_CL : na ? ION_NA : ION_K];
        const uint8_t status = out == 0.0 ? FR_NO_PERMEANT : is_normal(out) ? 0 : FR_RANGE;
        const double E = status ? NAN : m->phi * log_ratio(out, inside);
        answer(q, point, cl ? -E : E, status);
    }
    }
}

/* Answers the points of a course that cannot go on from some time. */
static void stop_course(const fr_queue *q, fr_course *c, double time, uint8_t status)
{
    for (; c->point < c->end; c->point++) {
        if (q->model->output == FR_OF_STOPPED && status == FR_NO_SOLUTION && c->condition >= 0)
            answer_time(q, c->point, time);
        else
            answer(q, c->point, NAN, status);
    }
}

/* Reads the condition that begins with its number in c->condition.  Returns a status. */
static uint8_t read_condition(const fr_queue *q, fr_course *c)
{
    const fr_protocol *const protocol = q->model->protocol;
    double x[FR_LIVING_COLUMNS];
    for (int j = 0; j < FR_LIVING_COLUMNS; j++) {
        const double own = q->in->x[j][c->point];
        const fr_condition *const changes = protocol->conditions + c->condition;
        x[j] = c->condition < 0 ? own : changes->factor[j] * own + changes->constant[j];
    }
    const int constant = x[NA_HALF] == 0.0 && x[K_HALF] == 0.0;
    uint8_t bad = steady_inputs_status(x);
    bad |= nonnegative_status(x[NA_HALF]) | nonnegative_status(x[K_HALF]);
    if (!constant)
        bad |= nonnegative_status(x[PUMP_MAX]);
    const double surface = 6e4 / q->in->x[COURSE_DIAMETER][c->point];
    c->r.m = (fr_membrane){
        x[LEAK_NA],
        x[LEAK_K],
        x[LEAK_CL],
        x[LEAK_NKCC],
        x[LEAK_KCC],
        x[BATH_NA],
        x[BATH_K],
        x[BATH_CL],
        solutes_outside(x),
        phi_of(x[CELSIUS]),
        x[PUMP_MAX],
        x[NA_HALF],
        constant ? 1.0 : occupancy(x[BATH_K], x[K_HALF]),
        c->X,
        surface,
        q->model->protocol->fixed_volume ? 1.0 : 0.0,
    };
    return bad ? bad : is_moderate(c->r.m.total) && is_moderate(surface) ? 0 : FR_RANGE;
}

/* Answers all points that are left if the time of the crossing is known. */
static void answer_reached(const fr_queue *q, fr_course *c)
{
    for (; !isnan(c->reached) && c->point < c->end; c->point++)
        answer_time(q, c->point, c->reached);
}

/* Answers the points at the very beginning of the condition in force.  Returns a status. */
static uint8_t answer_first(const fr_queue *q, fr_course *c, const double *n, double *u)
{
    fr_instant s;
    s.u = *u;
    const uint8_t status = instant_of(&c->r, n, &s);
    if (status)
        return status;
    *u = s.u;
    c->first = s;
    c->speed = c->r.side != 0.0 ? approach(&c->r, &s) : 0.0;
    const int asked = c->condition >= 0 && c->r.side != 0.0 && isnan(c->reached);
    if (asked && beyond(&c->r, s.V) >= 0.0)
        c->reached = c->begun;
    answer_reached(q, c);
    for (; c->point < c->end && time_of(q, c->point) <= c->begun; c->point++) {
        if (asks_for_time(q))
            answer_time(q, c->point, INFINITY);
        else
            answer_with(q, c, c->point, &s);
    }
    return 0;
}

/* Begins the next condition.  Returns a status. */
static uint8_t begin_condition(const fr_queue *q, fr_course *c, const double *n, double *u)
{
    const fr_protocol *const protocol = q->model->protocol;
    c->condition++;
    const int last = c->condition == protocol->n - 1;
    c->begun = protocol->conditions[c->condition].start;
    c->duration = last ? INFINITY : protocol->conditions[c->condition + 1].start - c->begun;
    c->position = c->due = 0.0;
    c->trials = 0;
    const uint8_t status = read_condition(q, c);
    return status ? status : answer_first(q, c, n, u);
}

/* Computes V and the amounts of the steady state before the first condition.  Returns a status. */
static uint8_t rest(const fr_queue *q, fr_course *c, double *V, double *n)
{
    double x[FR_LIVING_COLUMNS], found[5];
    fr_model model = {FR_CHORD_LIVING, 0, -1, {0}, FR_OF_V, NULL};
    fr_living living;
    uint8_t status = nonnegative_status(q->in->x[COURSE_DIAMETER][c->point]);
    if (!isfinite(time_of(q, c->point)))
        status |= FR_NOT_FINITE;
    model.equation = c->r.field ? FR_GHK_LIVING : FR_CHORD_LIVING;
    for (int j = 0; j < FR_LIVING_COLUMNS; j++)
        x[j] = q->in->x[j][c->point];
    status |= solve_living(&model, x, &living);
    const int outputs[] = {FR_OF_V, FR_OF_NA, FR_OF_K, FR_OF_CL, FR_OF_X};
    for (int k = 0; k < 5 && !status; k++) {
        model.output = outputs[k];
        found[k] = living_value(&model, &living, &status);
    }
    if (status)
        return status;
    *V = found[0];
    memcpy(n, found + 1, N_AMOUNTS * sizeof *n);
    c->X = found[4];
    return 0;
}

/* Begins the course of a cell in its steady state.  Returns a status. */
static uint8_t begin_course(const fr_queue *q, fr_course *c, double *n, double *u)
{
    const fr_protocol *const protocol = q->model->protocol;
    const double first = protocol->conditions[0].start, threshold = protocol->threshold;
    double V;
    c->condition = -1;
    c->begun = 0.0;
    c->step = FIRST_STEP;
    c->reached = *u = NAN;
    c->r.field = q->model->equation == FR_GHK_RUNDOWN;
    uint8_t bad = rest(q, c, &V, n);
    if (bad)
        return bad;
    c->r.threshold = threshold;
    c->r.side = q->model->output != FR_OF_TIME_TO ? 0.0 : V <= threshold ? 1.0 : -1.0;
    if (c->r.side != 0.0 && V == threshold)
        c->reached = first < 0.0 ? first : 0.0;
    if (time_of(q, c->point) < first) { /* nothing has happened yet */
        for (ptrdiff_t i = c->point; i < c->end && time_of(q, i) < first; i++)
            c->begun = time_of(q, i);
        bad = read_condition(q, c);
        if (!bad)
            bad = answer_first(q, c, n, u);
        *u = NAN; /* as without these points */
    }
    return bad || c->point == c->end ? bad : begin_condition(q, c, n, u);
}

/* ---- lanes ---- */

/* Copies the state of a lane into the trials. */
static void put(fr_trials *t, int i, const fr_course *c, const double *n, const double *rate,
                double u)
{
    double fields[MEMBRANE_FIELDS];
    memcpy(fields, &c->r.m, sizeof fields);
    for (int j = 0; j < (int)MEMBRANE_FIELDS; j++)
        t->membrane[j][i] = fields[j];
    for (int j = 0; j < N_AMOUNTS; j++) {
        t->n[j][i] = n[j];
        t->rates[0][j][i] = rate[j];
    }
    t->u[i] = u;
}

static void get(const fr_trials *t, int i, double *n, fr_instant *s)
{
    for (int j = 0; j < N_AMOUNTS; j++) {
        n[j] = t->n[j][i];
        s->rate[j] = t->rates[0][j][i];
    }
    s->u = t->u[i];
}

/* Sets the step that a lane tries next. */
static void choose_step(fr_trials *t, int i, const fr_course *c)
{
    const double left = c->duration - c->position;
    t->h[i] = c->due != 0.0 ? c->due : c->step < left ? c->step : left;
}

/* Takes cells from the queue until one has a course.  Returns 0 if there is none. */
static int take_cell(fr_queue *q, fr_course *c, fr_trials *t, int i)
{
    while (q->next < q->count) {
        double n[N_AMOUNTS], u;
        c->point = q->next;
        c->end = q->next = end_of_cell(q, c->point);
        const uint8_t status = begin_course(q, c, n, &u);
        if (status)
            stop_course(q, c, c->begun, status);
        if (c->point == c->end)
            continue;
        put(t, i, c, n, c->first.rate, u);
        choose_step(t, i, c);
        return 1;
    }
    return 0;
}

/* Tries the step of a lane again as that of one cell.  Returns a status. */
static uint8_t try_alone(fr_course *c, fr_trials *t, int i)
{
    double n[N_AMOUNTS], after[N_AMOUNTS];
    fr_instant now = c->first, then;
    get(t, i, n, &now);
    const uint8_t status = try_step(&c->r, t->h[i], n, &now, after, &then, &t->error[i]);
    if (status)
        return status;
    for (int j = 0; j < N_AMOUNTS; j++) {
        t->after[j][i] = after[j];
        t->rates[STAGES - 1][j][i] = then.rate[j];
    }
    t->u_after[i] = then.u;
    return 0;
}

/* Looks for a crossing in the accepted step.  V is known to 1e-9 mV, and is computed to the last
   digit where that may matter. */
static void seek_crossing(fr_course *c, const fr_trials *t, int i)
{
    const fr_accepted *const a = &c->then;
    fr_instant now, then = {inside_of(&c->r.m, a->n), c->r.m.phi * a->u, a->u, {0.0}};
    double n[N_AMOUNTS];
    memcpy(then.rate, a->rate, sizeof then.rate);
    if (magnitude(beyond(&c->r, then.V)) < 1e-6 && instant_of(&c->r, a->n, &then))
        return;
    const double speed = approach(&c->r, &then), before = c->speed;
    c->speed = speed;
    if (beyond(&c->r, then.V) < 0.0 && !(before > 0.0 && speed < 0.0))
        return;
    get(t, i, n, &now);
    if (instant_of(&c->r, n, &now) || instant_of(&c->r, a->n, &then))
        return;
    const double part = crossing_in(&c->r, t->h[i], n, &now, &then);
    if (!isnan(part))
        c->reached = c->begun + (c->position + part * t->h[i]);
}

/* Answers the points up to the end of the accepted step, which begins at the position and takes
   `length`.  Returns 1 if an output within the step must be tried first. */
static int answer_within(const fr_queue *q, fr_course *c, double length)
{
    const double end = c->position + length;
    answer_reached(q, c);
    for (; c->point < c->end; c->point++) {
        const double since = time_of(q, c->point) - c->begun;
        if (since > end || since >= c->duration)
            return 0;
        if (asks_for_time(q)) {
            answer_time(q, c->point, INFINITY);
            continue;
        }
        if (since < end) {
            c->due = since - c->position;
            if (c->due > 0.0)
                return 1;
        }
        fr_instant s;
        s.u = c->then.u;
        const uint8_t status = instant_of(&c->r, c->then.n, &s);
        if (status)
            answer(q, c->point, NAN, status);
        else
            answer_with(q, c, c->point, &s);
    }
    return 0;
}

/* Answers the point whose own step a lane has tried. */
static void answer_due(const fr_queue *q, fr_course *c, fr_trials *t, int i)
{
    uint8_t status = t->bad[i] > 0.0 ? try_alone(c, t, i) : 0;
    const double n[N_AMOUNTS] = {t->after[0][i], t->after[1][i], t->after[2][i]};
    fr_instant s;
    s.u = t->u_after[i];
    if (!status)
        status = instant_of(&c->r, n, &s);
    if (status)
        answer(q, c->point, NAN, status);
    else
        answer_with(q, c, c->point, &s);
    c->point++;
}

/* Goes on from the end of the accepted step, of length `length`.  Returns a status. */
static uint8_t go_on(const fr_queue *q, fr_course *c, fr_trials *t, int i, double length)
{
    fr_accepted *const a = &c->then;
    c->due = 0.0;
    c->position += length;
    if (c->position >= c->duration) {
        const uint8_t status = begin_condition(q, c, a->n, &a->u);
        if (status)
            return status;
        put(t, i, c, a->n, c->first.rate, a->u);
    } else {
        for (int j = 0; j < N_AMOUNTS; j++) {
            t->n[j][i] = a->n[j];
            t->rates[0][j][i] = a->rate[j];
        }
        t->u[i] = a->u;
        const double twice = c->position / (2.0 * c->step);
        if (a->error < q->model->protocol->tolerance / 64.0 && twice < 0x1p52 &&
            twice == (double)(int64_t)twice)
            c->step *= 2.0;
    }
    choose_step(t, i, c);
    return 0;
}

/* Judges the trial of a lane, and prepares the next.  Returns 0 if the cell is done. */
static int judge(const fr_queue *q, fr_course *c, fr_trials *t, int i)
{
    fr_accepted *const a = &c->then;
    double length = t->h[i];
    uint8_t status = 0;
    if (c->due != 0.0) {
        answer_due(q, c, t, i);
        length = c->step < c->duration - c->position ? c->step : c->duration - c->position;
    } else {
        if (t->bad[i] > 0.0)
            status = try_alone(c, t, i);
        if (++c->trials > MOST_TRIALS)
            status = FR_UNFINISHED;
        else if (status || !(t->error[i] <= q->model->protocol->tolerance)) {
            do
                c->step *= 0.5;
            while (c->step >= length);
            if (c->step >= FINEST_STEP) {
                choose_step(t, i, c);
                return 1;
            }
            status = status ? status : FR_UNFINISHED;
        }
        if (status) {
            stop_course(q, c, c->begun + c->position, status);
            return 0;
        }
        for (int j = 0; j < N_AMOUNTS; j++) {
            a->n[j] = t->after[j][i];
            a->rate[j] = t->rates[STAGES - 1][j][i];
        }
        a->u = t->u_after[i];
        a->error = t->error[i];
        if (c->r.side != 0.0 && isnan(c->reached))
            seek_crossing(c, t, i);
    }
    if (answer_within(q, c, length)) {
        choose_step(t, i, c);
        return 1;
    }
    if (c->point < c->end)
        status = go_on(q, c, t, i, length);
    if (status)
        stop_course(q, c, c->begun, status);
    return c->point < c->end;
}

/* Copies a lane, so that one without a cell computes something ordinary. */
static void copy_lane(fr_trials *t, int from, int to)
{
    double *const all = (double *)t;
    for (size_t k = 0; k < sizeof *t / sizeof(double); k += COURSE_LANES)
        all[k + (size_t)to] = all[k + (size_t)from];
}

FR_APART void run_courses(fr_queue *q)
{
    fr_course courses[COURSE_LANES];
    fr_trials t;
    const int lanes = q->count > 8 ? COURSE_LANES : q->count > 4 ? 8 : 4;
    const int field = q->model->equation == FR_GHK_RUNDOWN;
    int active = 0, at_work[COURSE_LANES];
    memset(&t, 0, sizeof t);
    for (int i = 0; i < lanes; i++)
        active += at_work[i] = take_cell(q, courses + i, &t, i);
    for (int i = 1; i < lanes; i++)
        if (active > 0 && !at_work[i])
            copy_lane(&t, 0, i);
    while (active > 0) {
        try_all(field, &t, lanes);
        for (int i = 0; i < lanes; i++)
            if (at_work[i] && !judge(q, courses + i, &t, i))
                active -= !(at_work[i] = take_cell(q, courses + i, &t, i));
    }
}

static uint64_t rundown_chunk(const fr_model *model, ptrdiff_t n, const fr_columns *in,
                              double *restrict V, uint64_t *restrict suspect)
{
    uint8_t status[CHUNK];
    uint64_t any = 0;
    fr_queue q = {model, in, n, 0, V, status};
    run_courses(&q);
    for (ptrdiff_t i = 0; i < n; i++)
        any |= suspect[i] =
            status[i] ? SIGN | status[i] : 0; /* the low byte: see recompute_suspects */
    return any;
}

static double rundown_point(const fr_model *model, const double *x, uint8_t *status)
{
    double V;
    fr_columns in;
    fr_queue q = {model, &in, 1, 0, &V, status};
    for (int j = 0; j < COURSE_COLUMNS; j++)
        in.x[j] = x + j;
    run_courses(&q);
    return V;
}
