'use strict';
// The alarms of a stage and its dashboard. docs/operations.md says what each means and what to do.

const MINUTES = 5;

// Metrics of AWS and those in the functions' log, which docs/operations.md lists.
const of = (Namespace, MetricName, Dimensions, Stat) => ({
  Metric: { Namespace, MetricName, Dimensions: Object.entries(Dimensions).map(([Name, Value]) => ({ Name, Value })) },
  Period: MINUTES * 60,
  Stat,
});

// stack: name, functions (the names of their programs), api (`dimensions`, and the names of its metrics), topic (what
// is told, if anything).
function alarms({ name, functions, api, topic }) {
  const each = (namespace, metric, among = () => true) =>
    functions.filter(among).map((one) => of(namespace, metric, { FunctionName: `${name}-${one}` }, 'Sum'));
  const writes = (one) => /^(create|update|delete)-/.test(one);
  const reads = (one) => one !== 'create-note';
  const ofApi = (metric, stat) => [of('AWS/ApiGateway', metric, api.dimensions, stat)];
  // What it is about, at how many in five minutes, in how many of the last such periods.
  const all = {
    ServerErrors: ['more than 5 responses with a 5xx status', ofApi(api.serverErrors, 'Sum'), 5, [2, 3]],
    Latency: ['one request in a hundred takes more than 3 seconds', ofApi('Latency', 'p99'), 3000, [3, 3]],
    FunctionErrors: ['a function crashed or ran out of time', each('AWS/Lambda', 'Errors'), 0, [1, 1]],
    FunctionThrottles: ['more calls at once than the functions may run', each('AWS/Lambda', 'Throttles'), 0, [2, 3]],
    TableThrottles: ['requests were refused for lack of capacity of the table', each('Notes', 'Throttled'), 0, [2, 3]],
    OutcomesUnknown: ['whether writes happened is not known', each('Notes', 'OutcomeUnknown', writes), 5, [2, 3]],
    UnreadableItems: ['items of the table are no notes', each('Notes', 'UnreadableItems', reads), 0, [1, 1]],
  };
  const resources = {};
  for (const [alarm, [what, metrics, above, [breaching, periods]]] of Object.entries(all)) {
    const sum = { Id: 'sum', Expression: 'SUM(METRICS())', Label: alarm, ReturnData: true };
    const parts = metrics.map((MetricStat, number) => ({ Id: `m${number}`, MetricStat, ReturnData: metrics.length === 1 }));
    resources[`${alarm}Alarm`] = {
      Type: 'AWS::CloudWatch::Alarm',
      Properties: {
        AlarmName: `${name}-${alarm}`,
        AlarmDescription: `${what}. See docs/operations.md#alarms`,
        ComparisonOperator: 'GreaterThanThreshold',
        Threshold: above,
        DatapointsToAlarm: breaching,
        EvaluationPeriods: periods,
        Metrics: metrics.length === 1 ? parts : [sum, ...parts],
        // Most of these are published only when something has happened.
        TreatMissingData: 'notBreaching',
        ...(topic && { AlarmActions: [topic], OKActions: [topic] }),
      },
    };
  }
  return resources;
}

function dashboard({ name, table, api }) {
  const [[dimension, id]] = Object.entries(api.dimensions);
  const ofApi = (metric, stat, label = metric) => ['AWS/ApiGateway', metric, dimension, '${Api}', { stat, label }];
  const search = (namespace, metric) => [
    { expression: `SEARCH('{${namespace},FunctionName} MetricName="${metric}" FunctionName="${name}"', 'Sum', 300)`, id: metric.toLowerCase() },
  ];
  const ofTable = (metric) => ['AWS/DynamoDB', metric, 'TableName', table, { stat: 'Sum' }];
  const graphs = {
    Requests: [ofApi('Count', 'Sum'), ofApi(api.clientErrors, 'Sum'), ofApi(api.serverErrors, 'Sum')],
    'Latency (ms)': ['p50', 'p99'].map((stat) => ofApi('Latency', stat, stat)),
    'Functions: errors and throttles': [search('AWS/Lambda', 'Errors'), search('AWS/Lambda', 'Throttles')],
    'Functions that run at once': [
      [{ expression: `SEARCH('{AWS/Lambda,FunctionName} MetricName="ConcurrentExecutions" FunctionName="${name}"', 'Maximum', 300)`, id: 'at_once' }],
    ],
    'Capacity units': [ofTable('ConsumedReadCapacityUnits'), ofTable('ConsumedWriteCapacityUnits')],
    'Outcomes unknown, refused for capacity, unreadable': ['OutcomeUnknown', 'Throttled', 'UnreadableItems'].map((metric) => search('Notes', metric)),
  };
  const widgets = Object.entries(graphs).map(([title, metrics], number) => ({
    type: 'metric',
    x: (number % 2) * 12,
    y: Math.floor(number / 2) * 6,
    width: 12,
    height: 6,
    properties: { title, metrics, region: '${AWS::Region}', period: MINUTES * 60, view: 'timeSeries' },
  }));
  return {
    Type: 'AWS::CloudWatch::Dashboard',
    Properties: { DashboardName: name, DashboardBody: { 'Fn::Sub': [JSON.stringify({ widgets }), { Api: id }] } },
  };
}

// The topic that sends an e-mail. Whoever has the address has to confirm it.
const topicOf = (name, email) => ({
  AlarmTopic: { Type: 'AWS::SNS::Topic', Properties: { TopicName: `${name}-alarms` } },
  AlarmSubscription: {
    Type: 'AWS::SNS::Subscription',
    Properties: { TopicArn: { Ref: 'AlarmTopic' }, Protocol: 'email', Endpoint: email },
  },
});

module.exports = { alarms, dashboard, topicOf };
